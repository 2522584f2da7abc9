// A rectangle of cells that are dead or alive.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// Cells in packed rows: bit x % 64 of word x / 64 of row y is cell (x, y). Bits beyond the width are always
/// 0.
class Grid {
 public:
  /// Most cells of one grid, the unused bits of its rows counted: beyond it a file lies about its size.
  static constexpr std::int64_t kMaxCells = std::int64_t{1} << 26;
  /// Whether there can be a grid of these sides.
  static bool fits(std::int64_t width, std::int64_t height);

  Grid() = default;
  /// All dead. Throws Error{kBadInput} unless the sides fit.
  Grid(std::int64_t width, std::int64_t height);

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  std::int64_t cells() const { return width_ * height_; }
  std::int64_t words_per_row() const { return words_; }

  bool at(std::int64_t x, std::int64_t y) const {
    return (bits_[static_cast<std::size_t>(y * words_ + x / 64)] >> (x % 64) & 1) != 0;
  }
  void set(std::int64_t x, std::int64_t y, bool alive);

  std::span<const std::uint64_t> row(std::int64_t y) const;
  std::span<std::uint64_t> row(std::int64_t y);
  /// Number of cells alive.
  std::int64_t population() const;

  bool operator==(const Grid&) const = default;

 private:
  std::int64_t width_ = 0;
  std::int64_t height_ = 0;
  std::int64_t words_ = 0;
  std::vector<std::uint64_t> bits_;
};

/// The cells as '0' and '1', rows one after the other: "010010..." of width * height characters.
std::string cells_text(const Grid& grid);

/// The inverse of cells_text. Throws Error{kBadInput} at `where` for another length, or naming the place of
/// another character.
Grid grid_from_cells(std::string_view cells, std::int64_t width, std::int64_t height,
                     const std::string& where);

/// A dead grid of width x height with `pattern` in its middle (nearer the top left where it does not come out
/// even). Throws Error{kUsage} where the pattern does not fit.
Grid placed_in_middle(const Grid& pattern, std::int64_t width, std::int64_t height);

/// Number of cells that differ. The grids must have one size.
std::int64_t differing_cells(const Grid& a, const Grid& b);

}  // namespace everform
