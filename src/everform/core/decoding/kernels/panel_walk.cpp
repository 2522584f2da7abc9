#include "everform/core/decoding/kernels/panel_walk.h"

#include <algorithm>
#include <bit>

namespace everform {
namespace {

// Together they fit the second-level cache of current machines.
constexpr std::size_t kPanelShareBytes = std::size_t{192} << 10U;
constexpr std::size_t kRowGroupBytes = std::size_t{320} << 10U;

struct Rows {
  std::size_t first;
  std::size_t count;  // a multiple of the width
  std::size_t width;
};

void multiply_rows(const PanelJob& job, const TileKernels& kernels, std::size_t begin, std::size_t end,
                   const Rows& rows) {
  const std::size_t width = std::min(rows.width, kernels.max_rows);
  const auto form = static_cast<std::size_t>(std::bit_width(width) - 1);
  const TileKernels::Widest& several = kernels.several[form];
  const std::size_t row_bytes = job.x->bytes_of_row_block();
  for (std::size_t p = begin; p < end;) {
    const bool wide = several.run != nullptr && end - p >= several.panels;
    const TileKernel run = wide ? several.run : kernels.one_panel[form];
    const std::byte* panel = job.panels + p * job.layout->panel_bytes;
    const std::size_t first_output = p * kPanelOutputs;
    for (std::size_t row = rows.first; row < rows.first + rows.count; row += width) {
      const ActivationRows::Tile tile = job.x->tile_of(row);
      run(*job.layout, panel, job.x->tile_block(tile, 0) + tile.row * row_bytes,
          {.y = job.y + row * job.stride + first_output,
           .stride = job.stride,
           .outputs = job.layout->outputs - first_output,
           .row_step = tile.width});
    }
    p += wide ? several.panels : 1;
  }
}

}  // namespace

void walk_panels(const PanelJob& job, const TileKernels& kernels) {
  const std::size_t all_rows = job.x->rows();
  const std::size_t row_bytes = job.x->bytes_of_row_block() * job.x->blocks();
  const std::size_t group =
      std::max<std::size_t>(1, kRowGroupBytes / std::max<std::size_t>(row_bytes * kRowTile, 1)) * kRowTile;
  // A share is a multiple of what any kernel takes at once.
  const std::size_t share =
      std::max<std::size_t>(1, kPanelShareBytes / std::max<std::size_t>(job.layout->panel_bytes * 12, 1)) *
      12;
  for (std::size_t begin = job.first; begin < job.last; begin += share) {
    const std::size_t end = std::min(begin + share, job.last);
    for (std::size_t row = 0; row < all_rows;) {
      const std::size_t width = job.x->tile_of(row).width;
      const std::size_t full = (all_rows - row) / kRowTile * kRowTile;
      const std::size_t count = width < kRowTile ? width : std::min(full, group);
      multiply_rows(job, kernels, begin, end, {.first = row, .count = count, .width = width});
      row += count;
    }
  }
}

}  // namespace everform
