#include "everform/domains/automata/random_grids.h"

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

Grid random_grid(std::int64_t width, std::int64_t height, double order, RandomStream& random) {
  if (!(order >= 0.0 && order <= 1.0)) {
    throw Error(ErrorKind::kUsage, "making a random grid", "an order parameter of " + std::to_string(order),
                "it is the chance of a cell to live: 0 to 1");
  }
  Grid grid(width, height);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      grid.set(x, y, random.bernoulli(order));
    }
  }
  return grid;
}

OrderRange parse_order_range(const std::string& text) {
  if (text == "broad") {
    return OrderRange::kBroad;
  }
  if (text == "high") {
    return OrderRange::kHigh;
  }
  throw Error(ErrorKind::kUsage, "reading an order range", "\"" + printable(text) + "\" is none",
              suggestion(text, {"broad", "high"}));
}

double order_parameter(OrderRange range, std::int64_t i, std::int64_t count) {
  if (range == OrderRange::kHigh || count < 2) {
    return 0.5;
  }
  return static_cast<double>(i) / static_cast<double>(count - 1);
}

}  // namespace everform
