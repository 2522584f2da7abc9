#include "everform/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {
namespace {

using Type = OptionSpec::Type;

template <typename T>
T parse_number(const OptionSpec& option, const std::string& text, const char* expected) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool finite = true;
  if constexpr (std::is_floating_point_v<T>) {
    finite = std::isfinite(value);
  }
  if (code != std::errc() || end != text.data() + text.size() || !finite) {
    throw Error(ErrorKind::kUsage, "reading --" + option.name,
                "\"" + printable(text, 60) + "\" stands where " + expected + " is expected", option.help);
  }
  return value;
}

nlohmann::json parse_value(const OptionSpec& option, const std::string& text) {
  if (option.type == Type::kInteger) {
    return parse_number<std::int64_t>(option, text, "an integer");
  }
  if (option.type == Type::kNumber) {
    return parse_number<double>(option, text, "a number");
  }
  if (!option.choices.empty() &&
      std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
    throw Error(ErrorKind::kUsage, "reading --" + option.name,
                "\"" + printable(text, 60) + "\" is none of its values", suggestion(text, option.choices));
  }
  return text;
}

// The target is known before the options are, since a system brings options of its own.
std::string find_target_text(const Verb& verb, const std::vector<std::string>& arguments) {
  if (verb.target == Verb::Target::kNone) {
    return "";
  }
  if (arguments.size() > 1 && !arguments[1].starts_with("-")) {
    return arguments[1];
  }
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (find_card(arguments[i]) != nullptr && arguments[i - 1] != "--set") {
      return arguments[i];
    }
  }
  return "";
}

// `train --recipe FILE` names its system in the file.
const SystemCard* system_of_recipe_option(const std::vector<std::string>& arguments) {
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == "--recipe") {
      const std::string system =
          system_of_recipe(read_file(arguments[i + 1], std::size_t{1} << 20), arguments[i + 1]);
      const SystemCard* card = find_card(system);
      if (card == nullptr) {
        throw Error(ErrorKind::kUsage, "reading the recipe " + arguments[i + 1],
                    "its system \"" + printable(system, 60) + "\" is not known",
                    suggestion(system, card_names()));
      }
      return card;
    }
  }
  return nullptr;
}

const Verb& find_verb(const std::string& typed, const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) {
    if (verb.name == typed) {
      return verb;
    }
    names.push_back(verb.name);
  }
  throw Error(ErrorKind::kUsage, "reading the command line",
              "\"" + printable(typed, 60) + "\" is no verb of everform", suggestion(typed, names));
}

[[noreturn]] void refuse_extras(const std::vector<std::string>& extras, const Verb& verb,
                                const std::vector<OptionSpec>& options) {
  const std::string typed = extras.front();
  if (!typed.starts_with("-")) {
    throw Error(ErrorKind::kUsage, "reading the command line of everform " + verb.name,
                "\"" + printable(typed, 60) + "\" is one argument too many", "example: " + verb.example);
  }
  std::vector<std::string> names;
  for (const OptionSpec& option : options) {
    names.push_back("--" + option.name);
  }
  const std::string name = typed.substr(0, typed.find('='));
  throw Error(ErrorKind::kUsage, "reading the command line of everform " + verb.name,
              "\"" + printable(name, 60) + "\" is no option here", suggestion(name, names));
}

void fill_common(CommonOptions& common, const nlohmann::json& values) {
  const auto has = [&](const char* name) { return values.contains(name); };
  if (has("seed")) {
    const auto seed = values["seed"].get<std::int64_t>();
    if (seed < 0) {
      throw Error(ErrorKind::kUsage, "reading --seed",
                  "it is " + std::to_string(seed) + ", it must not be negative");
    }
    common.seed = static_cast<std::uint64_t>(seed);
  }
  if (has("threads")) {
    common.threads =
        static_cast<int>(std::clamp<std::int64_t>(values["threads"].get<std::int64_t>(), -1, 1'000'000));
  }
  common.device = has("device") ? values["device"].get<std::string>() : "cpu";
  common.out = has("out") ? values["out"].get<std::string>() : "";
  common.preset = has("preset") ? values["preset"].get<std::string>() : "";
  common.json = has("json");
  common.quiet = has("quiet");
  common.yes = has("yes");
  if (has("set")) {
    common.sets = values["set"].get<std::vector<std::string>>();
  }
}

// Runs CLI11 over the table; every option ends up in `values` by its name.
struct TableParse {
  nlohmann::json values = nlohmann::json::object();
  std::vector<std::string> positionals;
  bool help = false;
};

TableParse parse_table(const Verb& verb, const std::vector<OptionSpec>& options,
                       std::vector<std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string, std::vector<std::string>> texts;
  TableParse result;
  bool help = false;
  app.add_flag("-h,--help", help);
  for (const OptionSpec& option : options) {
    if (option.type == Type::kFlag) {
      app.add_flag_callback("--" + option.name,
                            [&result, name = option.name] { result.values[name] = true; });
    } else {
      // Every occurrence takes exactly one value, whatever it begins with.
      const std::string letter = option.short_name.empty() ? "" : "-" + option.short_name + ",";
      app.add_option(letter + "--" + option.name, texts[option.name])
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->allow_extra_args(false);
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::kUsage, "reading the command line of everform " + verb.name, error.what(),
                "example: " + verb.example);
  }
  std::vector<std::string> unknown;
  for (const std::string& extra : app.remaining()) {
    (extra.starts_with("-") && extra != "-" ? unknown : result.positionals).push_back(extra);
  }
  result.help = help;
  if (!unknown.empty() && !help) {
    refuse_extras(unknown, verb, options);
  }
  for (const OptionSpec& option : options) {
    const auto& given = texts[option.name];
    if (option.type != Type::kFlag && !given.empty()) {
      if (option.repeatable) {
        for (const std::string& text : given) {
          result.values[option.name].push_back(parse_value(option, text));
        }
      } else if (given.size() > 1) {
        throw Error(ErrorKind::kUsage, "reading --" + option.name,
                    "it is given " + std::to_string(given.size()) + " times", "give it once");
      } else {
        result.values[option.name] = parse_value(option, given.front());
      }
    } else if (!option.default_value.is_null() && !result.values.contains(option.name)) {
      result.values[option.name] = option.default_value;
    }
  }
  return result;
}

void take_positionals(ParsedCommand& command, const Verb& verb, std::vector<std::string> positionals,
                      const std::vector<OptionSpec>& options) {
  const bool has_target = command.target.kind != Target::Kind::kNone && !command.target.text.empty();
  if (has_target) {
    const auto found = std::find(positionals.begin(), positionals.end(), command.target.text);
    if (found != positionals.end()) {
      positionals.erase(found);
    }
  } else if (verb.target != Verb::Target::kNone && !positionals.empty()) {
    command.target = classify_target(positionals.front());
    positionals.erase(positionals.begin());
  }
  const bool takes_files = command.action != nullptr ? command.action->takes_files : verb.takes_files;
  if (!positionals.empty() && !takes_files && !command.help) {
    refuse_extras(positionals, verb, options);
  }
  command.invocation.files = std::move(positionals);
}

}  // namespace

const std::vector<OptionSpec>& common_options() {
  static const std::vector<OptionSpec> options = {
      {.name = "seed",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "seed of every random choice (default 0)"},
      {.name = "threads",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "threads to use (default: cores the process may use)",
       .short_name = "t"},
      {.name = "device",
       .type = Type::kText,
       .value_name = "cpu|cuda[:i]",
       .help = "where the workbench computes (default cpu)"},
      {.name = "out", .type = Type::kPath, .value_name = "PATH", .help = "where results are written"},
      {.name = "preset",
       .type = Type::kText,
       .value_name = "NAME",
       .help = "preset of the recipe (tiny, paper, ...)"},
      {.name = "set",
       .type = Type::kText,
       .value_name = "KEY=VALUE",
       .help = "one key of the recipe; repeatable",
       .repeatable = true},
      {.name = "json", .type = Type::kFlag, .help = "one JSON object on stdout and nothing else"},
      {.name = "quiet", .type = Type::kFlag, .help = "no progress and no information lines"},
      {.name = "yes", .type = Type::kFlag, .help = "overwrite what is there"},
      {.name = "help", .type = Type::kFlag, .help = "this text"},
  };
  return options;
}

std::vector<OptionSpec> options_for(const Verb& verb, const SystemCard* card, const ActionSpec* action) {
  std::vector<OptionSpec> options;
  const auto add = [&](const std::vector<OptionSpec>& more) {
    for (const OptionSpec& option : more) {
      const bool there =
          std::any_of(options.begin(), options.end(), [&](const auto& o) { return o.name == option.name; });
      if (!there) {
        options.push_back(option);
      }
    }
  };
  if (action != nullptr) {
    add(action->options);
    if (action->with_verb_options) {
      add(verb.options);
    }
  }
  if (card != nullptr) {
    add(verb.system_options);
    add({{.name = "model",
          .type = Type::kPath,
          .value_name = "FILE|RUN",
          .help = "the trained model to use"}});
  }
  if (card == nullptr || action == nullptr) {
    add(verb.options);
  }
  add(common_options());
  return options;
}

bool wants_json(const std::vector<std::string>& arguments) {
  return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
}

ParsedCommand parse_command(const std::vector<std::string>& arguments, const std::vector<Verb>& verbs) {
  ParsedCommand command;
  const Verb& verb = find_verb(arguments.front(), verbs);
  command.verb = &verb;
  command.target = classify_target(find_target_text(verb, arguments));
  const SystemCard* card = verb.dispatches_systems ? command.target.card : nullptr;
  if (card == nullptr && verb.dispatches_systems && command.target.kind == Target::Kind::kNone) {
    card = system_of_recipe_option(arguments);
    if (card != nullptr) {
      command.target = {Target::Kind::kSystem, card->name, card, {}};
    }
  }
  command.action = card != nullptr ? card->find_action(verb.name) : nullptr;
  std::vector<OptionSpec> options = options_for(verb, card, command.action);
  std::erase_if(options, [](const OptionSpec& option) { return option.name == "help"; });
  TableParse parsed = parse_table(verb, options, {arguments.begin() + 1, arguments.end()});
  command.help = parsed.help;
  take_positionals(command, verb, std::move(parsed.positionals), options);
  Invocation& invocation = command.invocation;
  invocation.verb = verb.name;
  invocation.target = command.target.text;
  invocation.arguments = arguments;
  fill_common(invocation.common, parsed.values);
  for (const OptionSpec& option : common_options()) {
    parsed.values.erase(option.name);
  }
  invocation.options = std::move(parsed.values);
  if (verb.target == Verb::Target::kRequired && invocation.target.empty() && !command.help) {
    throw Error(ErrorKind::kUsage, "reading the command line of everform " + verb.name,
                "its TARGET is missing: " + verb.target_help, "example: " + verb.example);
  }
  return command;
}

}  // namespace everform
