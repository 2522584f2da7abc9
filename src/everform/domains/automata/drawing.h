// Grids as pictures and animations.
#pragma once

#include <cstdint>
#include <vector>

#include "everform/core/io/image.h"
#include "everform/domains/automata/grid.h"

namespace everform {

/// Pixels of a cell's side for which a grid is about 300 pixels large: 2 to 40.
std::int64_t cell_pixels_for(const Grid& grid);

/// Live cells dark on a light ground, with lines between them from 4 pixels a cell on. RGB.
Image draw_grid(const Grid& grid, std::int64_t cell_pixels);

/// The true grid on the left and the prediction on the right; there a cell that wrongly lives is red, one
/// that is wrongly dead is pink.
Image draw_comparison(const Grid& prediction, const Grid& truth, std::int64_t cell_pixels);

/// Grids of one size side by side with a gap between them, at most `columns` in a row.
Image draw_sequence(const std::vector<Grid>& grids, std::int64_t cell_pixels, std::int64_t columns);

/// A run as an animation, a frame a grid; the last one stays longer.
Animation animate_run(const std::vector<Grid>& run, std::int64_t cell_pixels, std::int64_t milliseconds);
/// A predicted run beside the true one, as draw_comparison.
Animation animate_comparison(const std::vector<Grid>& predictions, const std::vector<Grid>& truths,
                             std::int64_t cell_pixels, std::int64_t milliseconds);

}  // namespace everform
