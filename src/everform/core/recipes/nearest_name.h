// "Did you mean": the nearest of a list of names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// Damerau-Levenshtein distance (adjacent swaps count 1).
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The nearest name, where it is near enough to be a typo (a third of the length, at least 1; prefixes
/// count).
std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& names);
/// `did you mean "x"?`, or the names themselves where none is near.
std::string suggestion(std::string_view typed, const std::vector<std::string>& names);

}  // namespace everform
