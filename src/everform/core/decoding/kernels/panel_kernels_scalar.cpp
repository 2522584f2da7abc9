// The reference: any machine, no intrinsics. Every faster set is tested against it.
#include <algorithm>
#include <array>
#include <cstdint>

#include "everform/core/decoding/kernels/panel_kernels.h"
#include "everform/core/io/element_type.h"

namespace everform {
namespace {

// Rows that share the reading of a block.
constexpr std::size_t kRows = 16;
using Sums = std::array<std::array<float, kPanelOutputs>, kRows>;

std::int32_t dot(const std::int16_t* codes, const std::int8_t* quants, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    sum += codes[k] * quants[k];
  }
  return sum;
}

void add_block_int8(const ActivationRows& x, std::size_t row, std::size_t block, const PanelBlock& w,
                    bool half_scales, std::array<float, kPanelOutputs>& sums) {
  constexpr std::size_t kHalf = kActivationBlock / 2;
  const ActivationRows::Int8Block a = x.int8_block(row, block);
  for (std::size_t o = 0; o < kPanelOutputs; ++o) {
    const std::int32_t first = dot(w.codes[o].data(), a.quants, kHalf);
    const std::int32_t second = dot(w.codes[o].data() + kHalf, a.quants + kHalf, kHalf);
    if (half_scales) {
      sums[o] += static_cast<float>(first) * (w.scale[o][0] * a.scale) +
                 static_cast<float>(second) * (w.scale[o][1] * a.scale);
    } else {
      sums[o] += static_cast<float>(first + second) * (w.scale[o][0] * a.scale) + w.minimum[o] * a.scaled_sum;
    }
  }
}

void add_block_float(const float* x, const PanelValues& w, std::size_t count,
                     std::array<float, kPanelOutputs>& sums) {
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t o = 0; o < kPanelOutputs; ++o) {
      sums[o] += x[k] * w[k][o];
    }
  }
}

// Row `row`'s inputs of one block as float32: in place, or widened into `space`.
const float* block_of_floats(const ActivationRows& x, std::size_t row, std::size_t block,
                             std::array<float, kActivationBlock>& space) {
  if (x.precision() == ActivationPrecision::kFloat32) {
    return x.float_block(row, block);
  }
  const std::uint16_t* from = x.bfloat16_block(row, block);
  std::transform(from, from + kActivationBlock, space.begin(), bfloat16_to_float);
  return space.data();
}

void add_rows(const PanelJob& job, const std::byte* panel, std::size_t first_row, std::size_t rows,
              Sums& sums) {
  const PanelLayout& layout = *job.layout;
  const ActivationRows& x = *job.x;
  PanelBlock codes;
  PanelValues values;
  std::array<float, kActivationBlock> space;
  for (std::size_t block = 0; block < layout.blocks; ++block) {
    if (x.precision() == ActivationPrecision::kInt8) {
      read_panel_block(layout, panel, block, codes);
      for (std::size_t r = 0; r < rows; ++r) {
        add_block_int8(x, first_row + r, block, codes, layout.scale_kind == ScaleKind::kSuperHalf, sums[r]);
      }
      continue;
    }
    read_panel_values(layout, panel, block, values);
    const std::size_t count = std::min(kActivationBlock, layout.inputs - block * kActivationBlock);
    for (std::size_t r = 0; r < rows; ++r) {
      add_block_float(block_of_floats(x, first_row + r, block, space), values, count, sums[r]);
    }
  }
}

}  // namespace

void multiply_panels_scalar(const PanelJob& job) {
  const std::size_t all_rows = job.x->rows();
  for (std::size_t p = job.first; p < job.last; ++p) {
    const std::size_t first_output = p * kPanelOutputs;
    const std::size_t outputs = std::min(kPanelOutputs, job.layout->outputs - first_output);
    for (std::size_t row = 0; row < all_rows; row += kRows) {
      const std::size_t rows = std::min(kRows, all_rows - row);
      Sums sums = {};
      add_rows(job, job.panels + p * job.layout->panel_bytes, row, rows, sums);
      for (std::size_t r = 0; r < rows; ++r) {
        std::copy_n(sums[r].begin(), outputs, job.y + (row + r) * job.stride + first_output);
      }
    }
  }
}

}  // namespace everform
