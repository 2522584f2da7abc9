#include "everform/core/decoding/constraints/number_range.h"

#include <algorithm>
#include <cstdlib>

namespace everform::constraints {
namespace {

constexpr std::size_t kMaxDigits = 15;
constexpr std::size_t kUsualDigits = 9;

// Digits of a magnitude with its bounds: low <= x <= high, exclusive where said.
struct Side {
  Decimal low;
  bool above_low = false;
  std::optional<Decimal> high;
  bool below_high = false;
};

int compare_whole(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? (a.size() < b.size() ? -1 : 1) : a.compare(b);
}

std::string increment(std::string whole) {
  for (std::size_t i = whole.size(); i-- > 0;) {
    if (whole[i] != '9') {
      ++whole[i];
      return whole;
    }
    whole[i] = '0';
  }
  return "1" + whole;
}

std::string decrement(std::string whole) {
  for (std::size_t i = whole.size(); i-- > 0;) {
    if (whole[i] != '0') {
      --whole[i];
      break;
    }
    whole[i] = '9';
  }
  return whole.size() > 1 && whole[0] == '0' ? whole.substr(1) : whole;
}

class Builder {
 public:
  Builder(RuleGraph& graph, std::size_t whole_digits, std::size_t fraction_digits)
      : graph_(graph), most_(whole_digits, '9'), fraction_digits_(fraction_digits) {}

  // Numbers of one sign.
  Fragment side(const Side& side) {
    std::vector<Fragment> parts;
    const std::string& high = side.high ? side.high->whole : most_;
    const int order = compare_whole(side.low.whole, high);
    if (order == 0) {
      parts.push_back(with_fraction(side.low.whole, &side.low, side.above_low,
                                    side.high ? &*side.high : nullptr, side.below_high));
    } else if (order < 0) {
      parts.push_back(with_fraction(side.low.whole, &side.low, side.above_low, nullptr, false));
      const std::string first = increment(side.low.whole);
      const std::string last = side.high ? decrement(high) : high;
      if (compare_whole(first, last) <= 0) {
        parts.push_back(graph_.sequence({whole_between(first, last), any_fraction()}));
      }
      if (side.high) {
        parts.push_back(with_fraction(high, nullptr, false, &*side.high, side.below_high));
      }
    }
    return graph_.choice(parts);
  }

 private:
  Fragment any_digit(char low = '0', char high = '9') {
    const Fragment fragment{graph_.add_node(), graph_.add_node()};
    if (low <= high) {
      graph_.read(fragment.start, {static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high)},
                  fragment.end);
    }
    return fragment;
  }

  Fragment any_digits(std::size_t min, std::size_t max) {
    return graph_.repeat([this] { return any_digit(); }, static_cast<std::uint32_t>(min),
                         static_cast<std::uint32_t>(max));
  }

  Fragment any_fraction() {
    return fraction_digits_ == 0
               ? graph_.empty()
               : graph_.optional(graph_.sequence({graph_.literal("."), any_digits(1, fraction_digits_)}));
  }

  // Whole numbers low <= x <= high, by their number of digits.
  Fragment whole_between(const std::string& low, const std::string& high) {
    std::vector<Fragment> parts;
    for (std::size_t digits = low.size(); digits <= high.size(); ++digits) {
      const std::string least = digits == low.size() ? low : "1" + std::string(digits - 1, '0');
      const std::string most = digits == high.size() ? high : std::string(digits, '9');
      parts.push_back(same_length(least, most));
    }
    return graph_.choice(parts);
  }

  // low and high have as many digits.
  Fragment same_length(const std::string& low, const std::string& high) {
    if (low.empty()) {
      return graph_.empty();
    }
    if (low.find_first_not_of('0') == std::string::npos && high.find_first_not_of('9') == std::string::npos) {
      return any_digits(low.size(), low.size());
    }
    if (low[0] == high[0]) {
      return graph_.sequence({any_digit(low[0], low[0]), same_length(low.substr(1), high.substr(1))});
    }
    const std::size_t rest = low.size() - 1;
    std::vector<Fragment> parts = {
        graph_.sequence({any_digit(low[0], low[0]), same_length(low.substr(1), std::string(rest, '9'))}),
        graph_.sequence({any_digit(high[0], high[0]), same_length(std::string(rest, '0'), high.substr(1))})};
    if (low[0] + 1 < high[0]) {
      parts.push_back(
          graph_.sequence({any_digit(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1)),
                           any_digits(rest, rest)}));
    }
    return graph_.choice(parts);
  }

  // `whole`, then fractions within the fractions of the bounds; nullptr is no bound.
  Fragment with_fraction(const std::string& whole, const Decimal* low, bool above, const Decimal* high,
                         bool below) {
    const std::string least = low != nullptr ? low->fraction : "";
    const Fragment text = graph_.literal(whole);
    const NodeId end = graph_.add_node();
    const bool low_itself = low == nullptr || (least.empty() && !above);
    const bool high_itself = high == nullptr || !(high->fraction.empty() && below);
    if (low_itself && high_itself) {
      graph_.link(text.end, end);
    }
    if (fraction_digits_ > 0) {
      const Fragment point = graph_.literal(".");
      graph_.link(text.end, point.start);
      add_fraction(point.end, end,
                   {.low = low != nullptr ? std::optional(least) : std::nullopt,
                    .high = high != nullptr ? std::optional(high->fraction) : std::nullopt,
                    .above = above,
                    .below = below});
    }
    return {text.start, end};
  }

  struct FractionBounds {
    std::optional<std::string> low;  // as many digits as agree so far are read; nothing: above it for certain
    std::optional<std::string> high;
    bool above = false;
    bool below = false;
  };

  static char digit(const std::string& digits, std::size_t i) { return i < digits.size() ? digits[i] : '0'; }
  static bool only_zeros(const std::string& digits, std::size_t from) { return digits.size() <= from; }

  // Digits after the point, one place at a time: whether they still equal the bounds' digits is the state.
  void add_fraction(NodeId start, NodeId end, const FractionBounds& bounds) {
    struct Ways {
      std::optional<NodeId> on_low, on_high, on_both, free;
    };
    Ways now;
    (bounds.low ? (bounds.high ? now.on_both : now.on_low) : bounds.high ? now.on_high : now.free) = start;
    for (std::size_t i = 0; i < fraction_digits_; ++i) {
      Ways next;
      const auto target = [&](bool low, bool high) {
        std::optional<NodeId>& node = low    ? (high ? next.on_both : next.on_low)
                                      : high ? next.on_high
                                             : next.free;
        if (!node) {
          node = graph_.add_node();
          if ((!low || (only_zeros(*bounds.low, i + 1) && !bounds.above)) &&
              (!high || !(only_zeros(*bounds.high, i + 1) && bounds.below))) {
            graph_.link(*node, end);
          }
        }
        return *node;
      };
      const auto step = [&](const std::optional<NodeId>& from, bool low, bool high) {
        if (!from) {
          return;
        }
        for (char d = '0'; d <= '9'; ++d) {
          if ((low && d < digit(*bounds.low, i)) || (high && d > digit(*bounds.high, i))) {
            continue;
          }
          const auto value = static_cast<std::uint8_t>(d);
          graph_.read(*from, {value, value},
                      target(low && d == digit(*bounds.low, i), high && d == digit(*bounds.high, i)));
        }
      };
      step(now.on_low, true, false);
      step(now.on_high, false, true);
      step(now.on_both, true, true);
      step(now.free, false, false);
      now = next;
    }
  }

  RuleGraph& graph_;
  std::string most_;  // the largest whole number where there is no bound
  std::size_t fraction_digits_;
};

}  // namespace

std::optional<Decimal> parse_decimal(const std::string& text) {
  Decimal value;
  const bool negative = text.starts_with('-');
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string mantissa = text.substr(negative ? 1 : 0, exponent_at - (negative ? 1 : 0));
  const long exponent =
      exponent_at < text.size() ? std::strtol(text.c_str() + exponent_at + 1, nullptr, 10) : 0;
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits =
      mantissa.substr(0, point) + (point < mantissa.size() ? mantissa.substr(point + 1) : "");
  long whole_digits = static_cast<long>(point) + exponent;
  if (std::abs(exponent) > 400) {
    return std::nullopt;
  }
  if (whole_digits < 0) {
    digits.insert(0, static_cast<std::size_t>(-whole_digits), '0');
    whole_digits = 0;
  }
  if (whole_digits > static_cast<long>(digits.size())) {
    digits.append(static_cast<std::size_t>(whole_digits) - digits.size(), '0');
  }
  value.whole = digits.substr(0, static_cast<std::size_t>(whole_digits));
  value.fraction = digits.substr(static_cast<std::size_t>(whole_digits));
  value.whole.erase(0, std::min(value.whole.find_first_not_of('0'), value.whole.size()));
  value.fraction.erase(value.fraction.find_last_not_of('0') + 1);
  if (value.whole.empty()) {
    value.whole = "0";
  }
  value.negative = negative && !value.is_zero();
  if (value.whole.size() > kMaxDigits || value.fraction.size() > kMaxDigits) {
    return std::nullopt;
  }
  return value;
}

Fragment add_number_range(RuleGraph& graph, const NumberBounds& bounds, bool fractions) {
  std::size_t whole_digits = 1;
  std::size_t fraction_digits = 0;
  for (const auto& bound : {bounds.low, bounds.high}) {
    const std::size_t digits = bound ? bound->whole.size() : fractions ? kUsualDigits : kMaxDigits;
    whole_digits = std::max(whole_digits, digits);
    fraction_digits = bound ? std::max(fraction_digits, bound->fraction.size()) : fraction_digits;
  }
  fraction_digits = fractions ? std::max(kMaxDigits - whole_digits, fraction_digits) : 0;
  Builder builder(graph, whole_digits, fraction_digits);
  std::vector<Fragment> sides;
  const Decimal zero;
  // Zero counts as positive.
  if (!bounds.high || !bounds.high->negative) {
    const bool from_low = bounds.low && !bounds.low->negative;
    sides.push_back(builder.side({.low = from_low ? *bounds.low : zero,
                                  .above_low = from_low && bounds.above_low,
                                  .high = bounds.high,
                                  .below_high = bounds.below_high}));
  }
  if (!bounds.low || bounds.low->negative) {
    const bool from_high = bounds.high && bounds.high->negative;
    sides.push_back(
        graph.sequence({graph.literal("-"), builder.side({.low = from_high ? *bounds.high : zero,
                                                          .above_low = !from_high || bounds.below_high,
                                                          .high = bounds.low,
                                                          .below_high = bounds.above_low})}));
  }
  return graph.choice(sides);
}

}  // namespace everform::constraints
