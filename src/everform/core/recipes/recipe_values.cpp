#include "everform/core/recipes/recipe_values.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {
namespace {

using Type = RecipeKey::Type;

bool is_list(Type type) {
  return type == Type::kIntegers || type == Type::kNumbers || type == Type::kTexts;
}

Type element_of(Type type) {
  switch (type) {
    case Type::kIntegers:
      return Type::kInteger;
    case Type::kNumbers:
      return Type::kNumber;
    case Type::kTexts:
      return Type::kText;
    default:
      return type;
  }
}

std::string range_text(const RecipeKey& key) {
  std::ostringstream out;
  out.precision(12);
  if (std::isfinite(key.minimum) && std::isfinite(key.maximum)) {
    out << " in " << key.minimum << ".." << key.maximum;
  } else if (std::isfinite(key.minimum)) {
    out << " of at least " << key.minimum;
  } else if (std::isfinite(key.maximum)) {
    out << " of at most " << key.maximum;
  }
  return out.str();
}

bool has_type(const nlohmann::json& value, Type type) {
  switch (type) {
    case Type::kInteger:
      return value.is_number_integer();
    case Type::kNumber:
      return value.is_number() && std::isfinite(value.get<double>());
    case Type::kBoolean:
      return value.is_boolean();
    default:
      return value.is_string();
  }
}

bool is_allowed(const RecipeKey& key, const nlohmann::json& value, Type type) {
  if (type == Type::kInteger || type == Type::kNumber) {
    const double number = value.get<double>();
    return number >= key.minimum && number <= key.maximum;
  }
  if (type == Type::kText && !key.choices.empty()) {
    return std::find(key.choices.begin(), key.choices.end(), value.get<std::string>()) != key.choices.end();
  }
  return true;
}

}  // namespace

std::string expected_of(const RecipeKey& key) {
  const bool list = is_list(key.type);
  switch (element_of(key.type)) {
    case Type::kInteger:
      return (list ? "a list of integers" : "an integer") + range_text(key);
    case Type::kNumber:
      return (list ? "a list of numbers" : "a number") + range_text(key);
    case Type::kBoolean:
      return "true or false";
    default:
      break;
  }
  std::string text = list ? "a list of texts" : "a text";
  for (std::size_t i = 0; i < key.choices.size(); ++i) {
    text += (i == 0 ? ": " : i + 1 == key.choices.size() ? " or " : ", ") + ("\"" + key.choices[i] + "\"");
  }
  return text;
}

nlohmann::json checked_value(const RecipeKey& key, nlohmann::json value, const std::string& where) {
  const auto refuse = [&](const nlohmann::json& found) {
    std::string hint;
    if (found.is_string() && !key.choices.empty()) {
      hint = suggestion(found.get<std::string>(), key.choices);
    }
    throw Error(ErrorKind::kUsage, where,
                key.name + " is " + found.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                    ", it must be " + expected_of(key),
                hint.empty() ? key.help : hint);
  };
  const Type element = element_of(key.type);
  const auto check_one = [&](nlohmann::json& one) {
    if (!has_type(one, element) || !is_allowed(key, one, element)) {
      refuse(one);
    }
    if (element == Type::kNumber) {
      one = one.get<double>();
    }
  };
  if (is_list(key.type)) {
    if (!value.is_array()) {
      refuse(value);
    }
    for (nlohmann::json& one : value) {
      check_one(one);
    }
  } else {
    check_one(value);
  }
  return value;
}

}  // namespace everform
