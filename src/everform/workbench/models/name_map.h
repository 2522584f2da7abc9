// How another library calls the parameters of a Transformer.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace everform {

/// One row: a part of our name and what stands in its place.
struct NameRule {
  std::string_view ours;
  std::string_view theirs;
};

/// The name with the first occurrence of every rule's part replaced, in the order of the rules.
std::string map_name(std::span<const NameRule> rules, std::string name);

}  // namespace everform
