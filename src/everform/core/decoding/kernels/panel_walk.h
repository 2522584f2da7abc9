// The order in which a product visits its panels and rows.
#pragma once

#include <cstddef>

#include "everform/core/decoding/kernels/panel_kernels.h"

namespace everform {

/// Where a tile of products goes.
struct TileOutput {
  float* y = nullptr;  ///< of the tile's first row and output
  std::size_t stride = 0;
  std::size_t outputs = 0;   ///< valid ones, from the first panel's first on
  std::size_t row_step = 0;  ///< rows of the activation tile in memory, which may be wider than the product's
};

/// Multiplies some rows with some panels that lie one after the other.
/// @param x the first block of the activation tile, moved on to the first row
using TileKernel = void (*)(const PanelLayout& layout, const std::byte* panel, const std::byte* x,
                            const TileOutput& out);

/// The kernels of one type and precision. All of them do the same operations on an output in the same order.
struct TileKernels {
  struct Widest {
    std::size_t panels = 1;
    TileKernel run = nullptr;
  };
  /// For 1, 2, 4, 8, 16 rows; nullptr beyond max_rows.
  TileKernel one_panel[5] = {};
  /// Several panels at once, where that pays: otherwise nullptr.
  Widest several[5] = {};
  std::size_t max_rows = kRowTile;
};

/// Runs a job tile by tile: panels in shares and rows in groups that stay in the second-level cache together.
void walk_panels(const PanelJob& job, const TileKernels& kernels);

}  // namespace everform
