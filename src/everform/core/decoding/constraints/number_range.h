// Numbers between two bounds, as digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {

/// A bound of a number: its exact decimal value.
struct Decimal {
  bool negative = false;
  std::string whole = "0";  ///< digits without leading zeros
  std::string fraction;     ///< digits without trailing zeros

  bool is_zero() const { return whole == "0" && fraction.empty(); }
};

/// A number as JSON spells it ("-1.5e3"). Nothing where it has more than 15 digits before or after the point.
std::optional<Decimal> parse_decimal(const std::string& text);

struct NumberBounds {
  std::optional<Decimal> low;
  std::optional<Decimal> high;
  bool above_low = false;   ///< the lower bound itself is out
  bool below_high = false;  ///< the upper bound itself is out
};

/// Numbers in the bounds, without exponents: whole ones, or with `fractions` also ones with a fraction of up
/// to as many digits as keep the number at 15 in all, so that reading it as a double keeps the order.
/// Nothing (a fragment that no text fits) where there is none.
Fragment add_number_range(RuleGraph& graph, const NumberBounds& bounds, bool fractions);

}  // namespace everform::constraints
