// everform show: a system's card, a run's recipe, a model's shape.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {
namespace {

nlohmann::json stack_json(const std::string& name, const TransformerConfig& config) {
  nlohmann::json stack = {{"name", name},
                          {"architecture", config.architecture},
                          {"parameters", parameter_count(config)},
                          {"layers", config.depth},
                          {"width", config.width},
                          {"heads", config.heads},
                          {"kv_heads", config.kv_heads},
                          {"context", config.context}};
  if (config.vocabulary > 0) {  // a stack over vectors has none
    stack["vocabulary"] = config.vocabulary;
  }
  return stack;
}

/// The sizes of a system's network; an empty object where it is no single stack.
nlohmann::json network_json(const SystemCard& card, const std::string& name, const Recipe& recipe) {
  if (!card.network) {
    return nlohmann::json::object();
  }
  nlohmann::json stack = stack_json(name, card.network(recipe));
  if (card.parameters) {
    stack["parameters"] = card.parameters(recipe);
  }
  return stack;
}

std::string stack_text(const nlohmann::json& stack) {
  std::string text;
  for (const char* key :
       {"architecture", "parameters", "layers", "width", "heads", "kv_heads", "context", "vocabulary"}) {
    if (!stack.contains(key)) {
      continue;
    }
    std::string line = std::string(key) + ":";
    line.resize(16, ' ');
    text +=
        line + (stack.at(key).is_string() ? stack.at(key).get<std::string>() : stack.at(key).dump()) + "\n";
  }
  return text;
}

ActionResult show_system(const SystemCard& card, const Invocation& invocation) {
  const Recipe recipe = resolve_recipe({.system = card.name,
                                        .schema = &card.schema,
                                        .built_in = card.recipe,
                                        .preset = invocation.common.preset,
                                        .sets = invocation.common.sets});
  nlohmann::json actions = nlohmann::json::array();
  std::string text = card.name + ": " + card.title + "\n" + card.paper + ", " + card.domain + ", " +
                     state_name(card.state) + "\n";
  if (!card.summary.empty()) {
    text += "\n" + card.summary + "\n";
  }
  for (const ActionSpec& action : card.actions) {
    actions.push_back({{"verb", action.verb}, {"help", action.help}, {"example", action.example}});
    text += (actions.size() == 1 ? "\n" : "") + ("  " + action.example + "\n      " + action.help + "\n");
  }
  const nlohmann::json sizes = network_json(card, card.name, recipe);
  if (!sizes.empty()) {
    text += "\n" + stack_text(sizes);
  }
  if (!card.schema.keys().empty()) {
    text += "\n" + recipe.to_toml();
  }
  ActionResult result{.json = {{"name", card.name},
                               {"title", card.title},
                               {"paper", card.paper},
                               {"domain", card.domain},
                               {"state", state_name(card.state)},
                               {"presets", card.presets},
                               {"actions", actions},
                               {"recipe", recipe.to_json()}},
                      .text = text};
  result.json.update(sizes);
  return result;
}

nlohmann::json config_of(const std::filesystem::path& run) {
  const auto path = run / "config.json";
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    return nullptr;
  }
  return nlohmann::json::parse(read_file(path, std::size_t{1} << 24), nullptr, false);
}

ActionResult show_run(const Target& target) {
  const std::string file = (target.path / "recipe.toml").string();
  const Recipe recipe = resolve_recipe({.system = target.card->name,
                                        .schema = &target.card->schema,
                                        .built_in = target.card->recipe,
                                        .file_text = read_file(file, std::size_t{1} << 20),
                                        .file_name = file});
  ActionResult result{
      .json = {{"name", target.text}, {"system", target.card->name}, {"recipe", recipe.to_json()}},
      .text = "run of " + target.card->name + "\n"};
  const nlohmann::json config = config_of(target.path);
  const bool own = config.is_object() && config.value("model_type", "") == "everform";
  const nlohmann::json stack =
      own ? stack_json(target.text,
                       transformer_config_from_json(config, (target.path / "config.json").string()))
          : network_json(*target.card, target.text, recipe);
  if (!stack.empty()) {
    result.json.update(stack);
    result.text += stack_text(stack);
  }
  result.text += "\n" + recipe.to_toml();
  return result;
}

ActionResult run_show(const Invocation& invocation) {
  const Target target = classify_target(invocation.target);
  switch (target.kind) {
    case Target::Kind::kSystem:
      return show_system(*target.card, invocation);
    case Target::Kind::kRun:
      return show_run(target);
    case Target::Kind::kModel: {
      const auto checkpoint = open_decoder(target.path);
      nlohmann::json stack = stack_json(target.text, checkpoint->config());
      stack["recipe"] = to_json(checkpoint->config());
      return {.json = stack, .text = target.text + "\n" + stack_text(stack)};
    }
    default:
      unknown_target("show", invocation.target);
  }
}

}  // namespace

Verb make_show_verb() {
  return {.name = "show",
          .help = "what a system, a run or a model is: card, sizes, recipe",
          .example = "everform show smollm2-135m-instruct",
          .target_help = "a system's name, a run folder, a model",
          .run = run_show,
          .dispatches_systems = false,
          .uses_threads = false};
}

}  // namespace everform
