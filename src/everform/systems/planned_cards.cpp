#include <toml++/toml.h>

#include <string_view>

#include "everform/systems/all_cards.h"

namespace everform {

extern const std::string_view planned_systems_toml;

const std::vector<SystemCard>& planned_cards() {
  static const std::vector<SystemCard> cards = [] {
    std::vector<SystemCard> all;
    const toml::table table = toml::parse(planned_systems_toml, std::string_view("planned.toml"));
    for (const auto& [name, node] : table) {
      const toml::table& row = *node.as_table();
      SystemCard card;
      card.name = std::string(name.str());
      card.title = row["title"].value_or(std::string());
      card.paper = row["paper"].value_or(std::string());
      card.domain = row["domain"].value_or(std::string());
      all.push_back(std::move(card));
    }
    return all;
  }();
  return cards;
}

}  // namespace everform
