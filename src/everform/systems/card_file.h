// What a card says in words, from a system's card.toml: name, title, paper, domain, state, summary, actions.
#pragma once

#include <string_view>

#include "everform/core/recipes/system_card.h"

namespace everform {

/// A card without schema, options and network, for its card.cpp to complete. Keys: name, title, paper,
/// domain, state ("works", "partial"), summary, presets, and an [[actions]] table a verb: verb, help,
/// example, verb_options (the verb's own options are taken too), files (positional arguments are taken).
/// Throws Error{kFailed} naming the system where one is absent or of another type.
SystemCard read_card(std::string_view card_toml, std::string_view recipe_toml);

/// The card's action of a verb, to give it its options and, without torch, its `run`. Throws Error{kFailed}
/// where there is none.
ActionSpec& action_of(SystemCard& card, std::string_view verb);

}  // namespace everform
