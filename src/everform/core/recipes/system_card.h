// A system's card: what it is called, what it can do and with which options. Torch-free, so that help and
// typos answer at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/recipes/recipe.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

struct ActionRequest;
struct ActionResult;

/// One option of an action, beside the common ones of the verb.
struct OptionSpec {
  enum class Type { kFlag, kText, kInteger, kNumber, kPath };
  std::string name;  ///< without dashes: "rollout"
  Type type = Type::kText;
  std::string value_name;  ///< "N", "FILE"
  std::string help;
  nlohmann::json default_value;  ///< null: nothing unless given
  bool repeatable = false;
  std::vector<std::string> choices;
  std::string short_name;  ///< one letter for "-x"; empty without
};

/// What a system does under one verb.
struct ActionSpec {
  std::string verb;  ///< "train", "generate", "evaluate", "reproduce", "analyse", "tokenize", "convert"
  std::string help;
  std::string example;  ///< a whole command line
  std::vector<OptionSpec> options;
  /// The verb's own options (generate's --prompt, --temperature, ...) are taken too.
  bool with_verb_options = false;
  bool takes_files = false;  ///< positional arguments after the system's name
  /// The action itself where it needs no torch; empty where the workbench program binds it.
  std::function<ActionResult(const ActionRequest&)> run;
};

struct SystemCard {
  enum class State { kWorks, kPartial, kPlanned };
  std::string name;  ///< as typed: "icl-discrete"
  std::string title;
  std::string paper;  ///< "arXiv 2409.12182 (2024)"
  std::string domain;
  State state = State::kPlanned;
  std::string summary;
  RecipeSchema schema;
  std::string_view recipe;  ///< recipe.toml
  std::vector<std::string> presets;
  std::vector<ActionSpec> actions;
  /// The network that a recipe asks for, where it is one block stack; `show` gives its sizes. May be empty.
  std::function<TransformerConfig(const Recipe&)> network;
  /// The number of its parameters where it is more than its block stack (a read-in, another mixer). May be
  /// empty.
  std::function<std::int64_t(const Recipe&)> parameters;

  const ActionSpec* find_action(std::string_view verb) const;
};

const char* state_name(SystemCard::State state);

}  // namespace everform
