// Resolves a recipe: schema defaults, the system's TOML, a preset, the user's file, --set.

#include <toml++/toml.h>

#include <sstream>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/recipes/recipe.h"
#include "everform/core/recipes/recipe_values.h"

namespace everform {
namespace {

constexpr std::size_t kLargestRecipe = std::size_t{1} << 20;
// The TOML library recurses; a hostile file must not reach the end of the stack.
constexpr std::size_t kDeepestNesting = 64;

std::size_t nesting_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  std::size_t dots = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
    dots = c == '.' ? dots + 1 : c == '\n' ? 0 : dots;
    deepest = std::max(deepest, dots / 4);
    if (c == '\n' && depth > 0 && deepest > kDeepestNesting) {
      break;
    }
  }
  return deepest;
}

toml::table parse(std::string_view text, const std::string& file) {
  if (text.size() > kLargestRecipe || nesting_of(text) > kDeepestNesting) {
    throw Error(
        ErrorKind::kUsage, "reading the recipe " + file,
        "it is larger than 1 MiB or nested deeper than " + std::to_string(kDeepestNesting) + " levels",
        "a recipe is a short TOML file with tables of one or two levels");
  }
  try {
    return toml::parse(text, std::string_view(file));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    throw Error(
        ErrorKind::kUsage,
        "reading the recipe " + file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
        std::string(error.description()), "a recipe is TOML: key = value, under [table] headers");
  }
}

std::string place(const std::string& file, const toml::node& node) {
  const auto line = node.source().begin.line;
  return line == 0 ? file : file + ":" + std::to_string(line);
}

nlohmann::json to_json_value(const toml::node& node, const std::string& where, int depth = 0) {
  if (depth > 8) {
    throw Error(ErrorKind::kUsage, where, "a list is nested too deeply", "lists in a recipe are flat");
  }
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* integer = node.as_integer()) {
    return integer->get();
  }
  if (const auto* number = node.as_floating_point()) {
    return number->get();
  }
  if (const auto* flag = node.as_boolean()) {
    return flag->get();
  }
  if (const auto* list = node.as_array()) {
    nlohmann::json array = nlohmann::json::array();
    for (const toml::node& item : *list) {
      array.push_back(to_json_value(item, where, depth + 1));
    }
    return array;
  }
  throw Error(ErrorKind::kUsage, where, "a date, time or table stands where a value is expected",
              "values are numbers, texts, true or false, and lists of them");
}

std::vector<std::string> preset_names(const toml::table& built_in) {
  std::vector<std::string> names;
  if (const auto* presets = built_in["presets"].as_table()) {
    for (const auto& [name, node] : *presets) {
      names.emplace_back(name.str());
    }
  }
  return names;
}

// A value of --set is TOML; what is no TOML is taken as a text, so that `--set data.path=file.txt` needs no
// quotes.
nlohmann::json parse_set_value(const std::string& text, const std::string& where) {
  if (nesting_of(text) <= kDeepestNesting && text.find('\n') == std::string::npos) {
    try {
      const toml::table table = toml::parse("value = " + text, std::string_view("--set"));
      if (table.size() == 1 && table.contains("value")) {
        return to_json_value(*table.get("value"), where);
      }
    } catch (const toml::parse_error&) {
    }
  }
  return text;
}

}  // namespace

/// Fills a Recipe from its sources.
class RecipeReader {
 public:
  explicit RecipeReader(const RecipeRequest& request) : request_(request) {
    recipe_.system_ = request.system;
    recipe_.schema_ = *request.schema;
    for (const RecipeKey& key : recipe_.schema_.keys()) {
      recipe_.values_.push_back(key.default_value);
      names_.push_back(key.name);
    }
  }

  Recipe read() {
    const std::string built_in_name = request_.system + "/recipe.toml";
    const toml::table built_in = parse(request_.built_in, built_in_name);
    toml::table file;
    if (!request_.file_text.empty()) {
      file = parse(request_.file_text, request_.file_name);
      check_system(file);
    }
    apply(built_in, "", built_in_name);
    apply_preset(built_in, chosen_preset(built_in, file), built_in_name);
    apply(file, "", request_.file_name);
    apply_sets();
    return std::move(recipe_);
  }

 private:
  void check_system(const toml::table& file) {
    const auto named = file["system"].value<std::string>();
    if (named && *named != request_.system) {
      throw Error(ErrorKind::kUsage, "reading the recipe " + place(request_.file_name, *file.get("system")),
                  "it is for the system \"" + *named + "\", not \"" + request_.system + "\"",
                  "name that system, or another recipe");
    }
  }

  std::string chosen_preset(const toml::table& built_in, const toml::table& file) const {
    if (!request_.preset.empty()) {
      return request_.preset;
    }
    if (const auto named = file["preset"].value<std::string>()) {
      return *named;
    }
    // A resolved recipe states every key and may come from no preset at all.
    if (request_.file_text.empty()) {
      return built_in["default_preset"].value_or(std::string());
    }
    return "";
  }

  void apply_preset(const toml::table& built_in, const std::string& preset, const std::string& file) {
    if (preset.empty()) {
      return;
    }
    const toml::table* table = nullptr;
    if (const auto* presets = built_in["presets"].as_table()) {
      const toml::node* node = presets->get(preset);
      table = node != nullptr ? node->as_table() : nullptr;
    }
    if (table == nullptr) {
      throw Error(ErrorKind::kUsage, "choosing the preset of " + request_.system,
                  "it has no preset \"" + printable(preset, 60) + "\"",
                  suggestion(preset, preset_names(built_in)));
    }
    recipe_.preset_ = preset;
    apply(*table, "", file);
  }

  void apply(const toml::table& table, const std::string& prefix, const std::string& file) {
    for (const auto& [key, node] : table) {
      const std::string name =
          prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const bool reserved =
          name == "system" || name == "preset" || name == "presets" || name == "default_preset";
      if (prefix.empty() && reserved) {
        check_reserved(name, node, file);
        continue;
      }
      const std::string where = "reading the recipe " + place(file, node);
      if (const auto* inner = node.as_table()) {
        if (recipe_.schema_.find(name) == nullptr) {
          apply(*inner, name, file);
          continue;
        }
      }
      assign(name, to_json_value(node, where), where);
    }
  }

  static void check_reserved(const std::string& name, const toml::node& node, const std::string& file) {
    const bool right = name == "presets" ? node.is_table() : node.is_string();
    if (!right) {
      throw Error(ErrorKind::kUsage, "reading the recipe " + place(file, node),
                  "\"" + name + "\" must be " + (name == "presets" ? "a table" : "a text"));
    }
  }

  void assign(const std::string& name, nlohmann::json value, const std::string& where) {
    const RecipeKey* key = recipe_.schema_.find(name);
    if (key == nullptr) {
      throw Error(ErrorKind::kUsage, where, "\"" + printable(name, 80) + "\" is no key of " + request_.system,
                  suggestion(name, names_));
    }
    const auto index = static_cast<std::size_t>(key - recipe_.schema_.keys().data());
    recipe_.values_[index] = checked_value(*key, std::move(value), where);
  }

  void apply_sets() {
    for (const std::string& set : request_.sets) {
      const auto equals = set.find('=');
      if (equals == std::string::npos || equals == 0) {
        throw Error(ErrorKind::kUsage, "reading --set " + printable(set, 80), "it must be key=value",
                    "for example --set training.steps=100");
      }
      const std::string name = set.substr(0, equals);
      const std::string where = "reading --set " + printable(name, 80);
      assign(name, typed_set_value(name, set.substr(equals + 1), where), where);
    }
  }

  nlohmann::json typed_set_value(const std::string& name, const std::string& text,
                                 const std::string& where) const {
    const RecipeKey* key = recipe_.schema_.find(name);
    const bool is_text = key != nullptr && key->type == RecipeKey::Type::kText;
    const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'');
    return is_text && !quoted ? nlohmann::json(text) : parse_set_value(text, where);
  }

  const RecipeRequest& request_;
  Recipe recipe_;
  std::vector<std::string> names_;
};

Recipe resolve_recipe(const RecipeRequest& request) {
  return RecipeReader(request).read();
}

std::string system_of_recipe(const std::string& toml_text, const std::string& file_name) {
  const toml::table table = parse(toml_text, file_name);
  const auto system = table["system"].value<std::string>();
  if (!system) {
    throw Error(ErrorKind::kUsage, "reading the recipe " + file_name,
                "it has no text under the key \"system\"", "begin it with a line like: system = \"lifegpt\"");
  }
  return *system;
}

}  // namespace everform
