#include "everform/core/recipes/nearest_name.h"

#include <algorithm>

namespace everform {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment; three rows suffice for the swap.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& names) {
  constexpr std::size_t kLongestTypo = 100;
  if (typed.empty() || typed.size() > kLongestTypo) {
    return std::nullopt;
  }
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    std::size_t distance = edit_distance(typed, name);
    if (typed.size() >= 3 && (name.starts_with(typed) || name.ends_with(typed))) {
      distance = 1;
    }
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& names) {
  if (const auto near = nearest_name(typed, names)) {
    return "did you mean \"" + *near + "\"?";
  }
  constexpr std::size_t kShown = 12;
  std::string text = "valid: ";
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kShown ? text + ", ..." : text;
}

}  // namespace everform
