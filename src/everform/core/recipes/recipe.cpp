#include "everform/core/recipes/recipe.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/recipes/recipe_values.h"

namespace everform {
namespace {

// A bad key in code is a bug of ours, yet it must not bring the process down.
[[noreturn]] void unknown_key(std::string_view key) {
  throw Error(ErrorKind::kFailed, "using the recipe",
              "it has no key \"" + std::string(key) + "\" of this type",
              "this is a fault of the program; please report it");
}

std::string toml_value(const nlohmann::json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    std::ostringstream out;
    out.precision(17);
    out << number;
    std::string text = out.str();
    // TOML keeps numbers apart by their spelling.
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  if (value.is_array()) {
    std::string text = "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      text += (i == 0 ? "" : ", ") + toml_value(value[i]);
    }
    return text + "]";
  }
  // JSON's escapes of strings are a subset of TOML's basic strings.
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const nlohmann::json& Recipe::value(std::string_view key, RecipeKey::Type type) const {
  for (std::size_t i = 0; i < schema_.keys().size(); ++i) {
    if (schema_.keys()[i].name == key && schema_.keys()[i].type == type) {
      return values_[i];
    }
  }
  unknown_key(key);
}

std::int64_t Recipe::integer(std::string_view key) const {
  return value(key, RecipeKey::Type::kInteger).get<std::int64_t>();
}
double Recipe::number(std::string_view key) const {
  return value(key, RecipeKey::Type::kNumber).get<double>();
}
bool Recipe::boolean(std::string_view key) const {
  return value(key, RecipeKey::Type::kBoolean).get<bool>();
}
const std::string& Recipe::text(std::string_view key) const {
  return value(key, RecipeKey::Type::kText).get_ref<const std::string&>();
}
std::vector<std::int64_t> Recipe::integers(std::string_view key) const {
  return value(key, RecipeKey::Type::kIntegers).get<std::vector<std::int64_t>>();
}
std::vector<double> Recipe::numbers(std::string_view key) const {
  return value(key, RecipeKey::Type::kNumbers).get<std::vector<double>>();
}
std::vector<std::string> Recipe::texts(std::string_view key) const {
  return value(key, RecipeKey::Type::kTexts).get<std::vector<std::string>>();
}

void Recipe::set(std::string_view key, nlohmann::json new_value) {
  const RecipeKey* found = schema_.find(key);
  if (found == nullptr) {
    unknown_key(key);
  }
  const std::size_t index = static_cast<std::size_t>(found - schema_.keys().data());
  values_[index] = checked_value(*found, std::move(new_value), "setting " + std::string(key));
}

nlohmann::json Recipe::to_json() const {
  nlohmann::json json = {{"system", system_}};
  if (!preset_.empty()) {
    json["preset"] = preset_;
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    nlohmann::json* place = &json;
    std::istringstream parts(schema_.keys()[i].name);
    std::string part;
    while (std::getline(parts, part, '.')) {
      place = &(*place)[part];
    }
    *place = values_[i];
  }
  return json;
}

std::string Recipe::to_toml() const {
  std::string text = "system = " + toml_value(system_) + "\n";
  if (!preset_.empty()) {
    text += "preset = " + toml_value(preset_) + "\n";
  }
  // Keys of one table stand together in the schema's order; tables in the order of their first key.
  std::vector<std::string> tables;
  const auto table_of = [](const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? std::string() : name.substr(0, dot);
  };
  for (const RecipeKey& key : schema_.keys()) {
    const std::string table = table_of(key.name);
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) {
      table.empty() ? void(tables.insert(tables.begin(), table)) : tables.push_back(table);
    }
  }
  for (const std::string& table : tables) {
    if (!table.empty()) {
      text += "\n[" + table + "]\n";
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::string& name = schema_.keys()[i].name;
      if (table_of(name) == table) {
        text += name.substr(table.empty() ? 0 : table.size() + 1) + " = " + toml_value(values_[i]) + "\n";
      }
    }
  }
  return text;
}

}  // namespace everform
