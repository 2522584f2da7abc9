// Random starts of cellular automata by order parameter.
#pragma once

#include <cstdint>
#include <string>

#include "everform/core/base/random.h"
#include "everform/domains/automata/grid.h"

namespace everform {

/// Each cell is alive with probability `order`. Throws Error{kUsage} for one outside 0..1.
Grid random_grid(std::int64_t width, std::int64_t height, double order, RandomStream& random);

/// How the order parameter eta runs over a set of grids (LifeGPT's data).
enum class OrderRange {
  kBroad,  ///< "broad-entropy": from 0 to 1
  kHigh    ///< "high-entropy": always 0.5
};

/// "broad", "high". Throws Error{kUsage} for another word.
OrderRange parse_order_range(const std::string& text);

/// eta of grid i of `count` in equal steps from 0 to 1 (i / (count - 1)), or 0.5.
double order_parameter(OrderRange range, std::int64_t i, std::int64_t count);

}  // namespace everform
