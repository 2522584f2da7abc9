#include "everform/workbench/models/name_map.h"

namespace everform {

std::string map_name(std::span<const NameRule> rules, std::string name) {
  for (const NameRule& rule : rules) {
    const std::size_t at = name.find(rule.ours);
    if (at != std::string::npos) {
      name.replace(at, rule.ours.size(), rule.theirs);
    }
  }
  return name;
}

}  // namespace everform
