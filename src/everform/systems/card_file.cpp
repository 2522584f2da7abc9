#include "everform/systems/card_file.h"

#include <toml++/toml.h>

#include <string>

#include "everform/core/base/error.h"

namespace everform {
namespace {

[[noreturn]] void refuse(const std::string& card, const std::string& what) {
  throw Error(ErrorKind::kFailed, "reading the card.toml of " + card, what);
}

std::string text_of(const toml::table& table, std::string_view key, const std::string& card) {
  const std::optional<std::string> value = table[key].value<std::string>();
  if (!value || value->empty()) {
    refuse(card, "there is no text \"" + std::string(key) + "\"");
  }
  return *value;
}

ActionSpec read_action(const toml::table& table, const std::string& card) {
  return {.verb = text_of(table, "verb", card),
          .help = text_of(table, "help", card),
          .example = text_of(table, "example", card),
          .with_verb_options = table["verb_options"].value_or(false),
          .takes_files = table["files"].value_or(false)};
}

SystemCard::State state_of(const std::string& name, const std::string& card) {
  for (const auto state : {SystemCard::State::kWorks, SystemCard::State::kPartial}) {
    if (name == state_name(state)) {
      return state;
    }
  }
  refuse(card, "its state is \"" + name + "\", not works or partial");
}

}  // namespace

SystemCard read_card(std::string_view card_toml, std::string_view recipe_toml) {
  const toml::table table = toml::parse(card_toml, std::string_view("card.toml"));
  SystemCard card;
  card.name = text_of(table, "name", "a system");
  card.title = text_of(table, "title", card.name);
  card.paper = text_of(table, "paper", card.name);
  card.domain = text_of(table, "domain", card.name);
  card.state = state_of(text_of(table, "state", card.name), card.name);
  card.summary = text_of(table, "summary", card.name);
  card.recipe = recipe_toml;
  const toml::array* presets = table["presets"].as_array();
  const toml::array* actions = table["actions"].as_array();
  if (presets == nullptr || actions == nullptr) {
    refuse(card.name, "it needs a list of presets and [[actions]]");
  }
  for (const toml::node& preset : *presets) {
    card.presets.push_back(preset.value_or(std::string()));
  }
  for (const toml::node& action : *actions) {
    if (!action.is_table()) {
      refuse(card.name, "an action is no table");
    }
    card.actions.push_back(read_action(*action.as_table(), card.name));
  }
  return card;
}

ActionSpec& action_of(SystemCard& card, std::string_view verb) {
  for (ActionSpec& action : card.actions) {
    if (action.verb == verb) {
      return action;
    }
  }
  refuse(card.name, "there is no action \"" + std::string(verb) + "\"");
}

}  // namespace everform
