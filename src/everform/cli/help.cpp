#include "everform/cli/help.h"

#include <algorithm>

namespace everform {
namespace {

constexpr std::size_t kColumn = 32;
constexpr std::size_t kLineWidth = 110;

// `left` in its column, `text` beside it, wrapped.
std::string row(const std::string& left, const std::string& text) {
  std::string out = "  " + left;
  std::size_t column = out.size();
  if (column + 1 > kColumn) {
    out += "\n";
    column = 0;
  }
  out.append(kColumn - column, ' ');
  std::size_t at = kColumn;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find(' ', begin);
    end = end == std::string::npos ? text.size() : end;
    const std::string word = text.substr(begin, end - begin);
    if (at > kColumn && at + 1 + word.size() > kLineWidth) {
      out += "\n" + std::string(kColumn, ' ');
      at = kColumn;
    }
    if (at > kColumn) {
      out += " ";
      ++at;
    }
    out += word;
    at += word.size();
    begin = end + 1;
  }
  return out + "\n";
}

std::string option_row(const OptionSpec& option) {
  std::string left = (option.short_name.empty() ? "" : "-" + option.short_name + ", ") + "--" + option.name +
                     (option.value_name.empty() ? "" : " " + option.value_name);
  std::string text = option.help;
  if (!option.choices.empty()) {
    text += " (";
    for (std::size_t i = 0; i < option.choices.size(); ++i) {
      text += (i == 0 ? "" : "|") + option.choices[i];
    }
    text += ")";
  }
  if (!option.default_value.is_null() && option.type != OptionSpec::Type::kFlag) {
    const auto& value = option.default_value;
    text += " [" + (value.is_string() ? value.get<std::string>() : value.dump()) + "]";
  }
  return row(left, text);
}

std::string option_rows(const std::vector<OptionSpec>& options, bool common) {
  std::string text;
  for (const OptionSpec& option : options) {
    const auto& shared = common_options();
    const bool is_common =
        std::any_of(shared.begin(), shared.end(), [&](const auto& o) { return o.name == option.name; });
    if (is_common == common) {
      text += option_row(option);
    }
  }
  return text;
}

}  // namespace

std::string program_help(const std::vector<Verb>& verbs) {
  std::string text =
      "everform: generative transformers of every form: train, sample, evaluate, convert.\n\n"
      "usage: everform VERB TARGET [options]\n\n"
      "TARGET is a run folder, a model (GGUF file, Hugging Face folder, safetensors file), a bundled model's "
      "name, or a\n"
      "system's name. everform VERB --help, and everform VERB SYSTEM --help, show the options and an "
      "example.\n\nverbs:\n";
  for (const Verb& verb : verbs) {
    text += row(verb.name, verb.help);
  }
  text += "\nexamples:\n";
  for (const Verb& verb : verbs) {
    if (verb.name == "list" || verb.name == "chat" || verb.name == "train" || verb.name == "generate") {
      text += "  " + verb.example + "\n";
    }
  }
  return text;
}

std::string verb_help(const ParsedCommand& command) {
  const Verb& verb = *command.verb;
  const SystemCard* card = verb.dispatches_systems ? command.target.card : nullptr;
  std::string text;
  if (card != nullptr && command.action != nullptr) {
    text = "everform " + verb.name + " " + card->name + ": " + command.action->help + "\n";
    text += "\nexample: " + command.action->example + "\n";
  } else {
    text = "everform " + verb.name + ": " + verb.help + "\n\nusage: everform " + verb.name;
    text += verb.target == Verb::Target::kNone       ? ""
            : verb.target == Verb::Target::kOptional ? " [TARGET]"
                                                     : " TARGET";
    text += " [options]\n";
    if (!verb.target_help.empty()) {
      text += "TARGET: " + verb.target_help + "\n";
    }
    text += "example: " + verb.example + "\n";
  }
  const std::vector<OptionSpec> options = options_for(verb, card, command.action);
  const std::string own = option_rows(options, false);
  if (!own.empty()) {
    text += "\noptions:\n" + own;
  }
  text += "\ncommon options:\n" + option_rows(options, true);
  if (card == nullptr && verb.dispatches_systems) {
    std::string systems;
    for (const SystemCard* other : all_cards()) {
      if (other->find_action(verb.name) != nullptr) {
        systems += (systems.empty() ? "" : ", ") + other->name;
      }
    }
    if (!systems.empty()) {
      text += "\nsystems with this verb: " + systems + "\n";
    }
  }
  if (card != nullptr && (verb.name == "train" || verb.name == "reproduce") && !card->schema.keys().empty()) {
    text += "\nkeys of the recipe (--set KEY=VALUE):\n";
    for (const RecipeKey& key : card->schema.keys()) {
      text += row(key.name, key.help + " [" + key.default_value.dump() + "]");
    }
  }
  return text;
}

}  // namespace everform
