#include "everform/domains/automata/step.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

using Words = std::vector<std::uint64_t>;

/// Bit x of the result is cell x - 1 of the row.
Words left_neighbours(std::span<const std::uint64_t> row, std::int64_t width, Edge edge) {
  Words out(row.size());
  const std::int64_t last = width - 1;
  std::uint64_t carry =
      edge == Edge::kTorus ? row[static_cast<std::size_t>(last / 64)] >> (last % 64) & 1 : 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    out[i] = row[i] << 1 | carry;
    carry = row[i] >> 63;
  }
  return out;
}

/// Bit x of the result is cell x + 1 of the row.
Words right_neighbours(std::span<const std::uint64_t> row, std::int64_t width, Edge edge) {
  Words out(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    out[i] = row[i] >> 1 | (i + 1 < row.size() ? row[i + 1] << 63 : 0);
  }
  if (edge == Edge::kTorus) {
    const std::int64_t last = width - 1;
    out[static_cast<std::size_t>(last / 64)] |= (row[0] & 1) << (last % 64);
  }
  return out;
}

/// A number 0..3 in each of 64 places: low and high bits.
struct TwoBits {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

TwoBits add3(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const std::uint64_t half = a ^ b;
  return {half ^ c, (a & b) | (half & c)};
}

/// Sums over each cell of a row: with its left and right neighbours, and of these two alone.
struct RowSums {
  std::vector<TwoBits> three;
  std::vector<TwoBits> two;
};

RowSums row_sums(std::span<const std::uint64_t> row, std::int64_t width, Edge edge) {
  const Words left = left_neighbours(row, width, edge);
  const Words right = right_neighbours(row, width, edge);
  RowSums sums{std::vector<TwoBits>(row.size()), std::vector<TwoBits>(row.size())};
  for (std::size_t i = 0; i < row.size(); ++i) {
    sums.three[i] = add3(left[i], row[i], right[i]);
    sums.two[i] = {left[i] ^ right[i], left[i] & right[i]};
  }
  return sums;
}

/// The 64 cells that follow from `alive` and three partial sums, by adding these to the four bits of 0..8.
std::uint64_t next_word(std::uint64_t alive, TwoBits above, TwoBits beside, TwoBits below, const Rule& rule) {
  const TwoBits ones = add3(above.low, beside.low, below.low);
  const TwoBits twos = add3(above.high, beside.high, below.high);
  const std::uint64_t twos_carry = twos.low & ones.high;
  const std::uint64_t bits[] = {ones.low, twos.low ^ ones.high, twos.high ^ twos_carry,
                                twos.high & twos_carry};
  std::uint64_t next = 0;
  for (int n = 0; n <= 8; ++n) {
    std::uint64_t cells = (rule.next(true, n) ? alive : 0) | (rule.next(false, n) ? ~alive : 0);
    for (int bit = 0; bit < 4; ++bit) {
      cells &= (n >> bit & 1) != 0 ? bits[bit] : ~bits[bit];
    }
    next |= cells;
  }
  return next;
}

}  // namespace

Edge parse_edge(const std::string& text) {
  if (text == "torus") {
    return Edge::kTorus;
  }
  if (text == "dead") {
    return Edge::kDead;
  }
  throw Error(ErrorKind::kUsage, "reading an edge", "\"" + printable(text) + "\" is no edge",
              "torus or dead");
}

Grid step(const Grid& grid, const Rule& rule, Edge edge) {
  if (grid.cells() == 0) {
    return grid;
  }
  const std::int64_t height = grid.height();
  const std::int64_t width = grid.width();
  const std::size_t words = static_cast<std::size_t>(grid.words_per_row());
  const std::vector<TwoBits> nothing(words);
  std::vector<RowSums> sums;
  sums.reserve(static_cast<std::size_t>(height));
  for (std::int64_t y = 0; y < height; ++y) {
    sums.push_back(row_sums(grid.row(y), width, edge));
  }
  const auto three_of = [&](std::int64_t y) -> const std::vector<TwoBits>& {
    const bool inside = y >= 0 && y < height;
    return inside || edge == Edge::kTorus ? sums[static_cast<std::size_t>((y + height) % height)].three
                                          : nothing;
  };
  const std::uint64_t last_mask =
      width % 64 == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (width % 64)) - 1;

  Grid out(width, height);
  for (std::int64_t y = 0; y < height; ++y) {
    const std::vector<TwoBits>& above = three_of(y - 1);
    const std::vector<TwoBits>& below = three_of(y + 1);
    const std::vector<TwoBits>& beside = sums[static_cast<std::size_t>(y)].two;
    const auto from = grid.row(y);
    const auto to = out.row(y);
    for (std::size_t i = 0; i < words; ++i) {
      to[i] = next_word(from[i], above[i], beside[i], below[i], rule);
    }
    to[words - 1] &= last_mask;
  }
  return out;
}

Grid step_reference(const Grid& grid, const Rule& rule, Edge edge) {
  Grid out = grid;
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      int neighbours = 0;
      for (std::int64_t dy = -1; dy <= 1; ++dy) {
        for (std::int64_t dx = -1; dx <= 1; ++dx) {
          const bool inside = x + dx >= 0 && x + dx < grid.width() && y + dy >= 0 && y + dy < grid.height();
          if ((dx != 0 || dy != 0) && (inside || edge == Edge::kTorus)) {
            neighbours +=
                grid.at((x + dx + grid.width()) % grid.width(), (y + dy + grid.height()) % grid.height()) ? 1
                                                                                                          : 0;
          }
        }
      }
      out.set(x, y, rule.next(grid.at(x, y), neighbours));
    }
  }
  return out;
}

std::vector<Grid> orbit(const Grid& start, std::int64_t generations, const Rule& rule, Edge edge) {
  std::vector<Grid> grids = {start};
  for (std::int64_t i = 0; i < generations; ++i) {
    grids.push_back(step(grids.back(), rule, edge));
  }
  return grids;
}

}  // namespace everform
