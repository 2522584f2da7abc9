#include "json_validator.h"

#include <cmath>
#include <regex>

#include "everform/core/text/regex.h"

namespace everform::test {
namespace {

using Json = nlohmann::json;

bool is_type(const Json& value, const std::string& type) {
  if (type == "integer") {
    return value.is_number_integer() || (value.is_number() && std::floor(value.get<double>()) == value);
  }
  return type == "number"    ? value.is_number()
         : type == "string"  ? value.is_string()
         : type == "boolean" ? value.is_boolean()
         : type == "null"    ? value.is_null()
         : type == "array"   ? value.is_array()
                             : value.is_object();
}

std::size_t code_points(const std::string& text) {
  std::size_t count = 0;
  for (const char byte : text) {
    count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return count;
}

bool is_date(const std::string& text) {
  static const std::regex form("(\\d{4})-(\\d\\d)-(\\d\\d)");
  std::smatch parts;
  if (!std::regex_match(text, parts, form)) {
    return false;
  }
  const int year = std::stoi(parts[1]);
  const int month = std::stoi(parts[2]);
  const int day = std::stoi(parts[3]);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

bool is_time(const std::string& text) {
  static const std::regex form("(\\d\\d):(\\d\\d):(\\d\\d)(\\.\\d+)?(Z|[+-](\\d\\d):(\\d\\d))");
  std::smatch parts;
  return std::regex_match(text, parts, form) && std::stoi(parts[1]) < 24 && std::stoi(parts[2]) < 60 &&
         std::stoi(parts[3]) < 60 &&
         (!parts[6].matched || (std::stoi(parts[6]) < 24 && std::stoi(parts[7]) < 60));
}

bool has_format(const std::string& text, const std::string& format) {
  static const std::regex uuid("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  static const std::regex email("[^@\\s]+@[^@\\s]+\\.[A-Za-z]+");
  if (format == "date") {
    return is_date(text);
  }
  if (format == "time") {
    return is_time(text);
  }
  if (format == "date-time") {
    return text.size() > 11 && text[10] == 'T' && is_date(text.substr(0, 10)) && is_time(text.substr(11));
  }
  if (format == "uuid") {
    return std::regex_match(text, uuid);
  }
  return format == "email" && std::regex_match(text, email);
}

bool matches(const std::string& text, const std::string& pattern) {
  const text::Regex regex(pattern, text::RegexDialect::kRust, "validating");
  return text::Regex::Search(regex, text).next().has_value();
}

std::string invalid_number(const Json& value, const Json& schema) {
  const double number = value.get<double>();
  const auto is = [&](const char* key, auto holds) {
    return !schema.contains(key) || holds(schema.at(key).get<double>());
  };
  return is("minimum", [&](double b) { return number >= b; }) &&
                 is("maximum", [&](double b) { return number <= b; }) &&
                 is("exclusiveMinimum", [&](double b) { return number > b; }) &&
                 is("exclusiveMaximum", [&](double b) { return number < b; })
             ? ""
             : "a bound: " + value.dump();
}

std::string invalid_string(const std::string& text, const Json& schema) {
  const std::size_t length = code_points(text);
  if (length < schema.value("minLength", std::size_t{0}) ||
      length > schema.value("maxLength", std::size_t{1} << 30)) {
    return "length of " + text;
  }
  if (schema.contains("pattern") && !matches(text, schema.at("pattern"))) {
    return "pattern of " + text;
  }
  if (schema.contains("format") && !has_format(text, schema.at("format"))) {
    return "format of " + text;
  }
  return "";
}

std::string invalid_array(const Json& value, const Json& schema, const Json& root) {
  if (value.size() < schema.value("minItems", std::size_t{0}) ||
      value.size() > schema.value("maxItems", std::size_t{1} << 30)) {
    return "number of items";
  }
  const Json prefix = schema.value("prefixItems", Json::array());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Json& item = i < prefix.size()          ? prefix[i]
                       : schema.contains("items") ? schema.at("items")
                                                  : Json(true);
    if (std::string error = invalid(value[i], item, root); !error.empty()) {
      return "item " + std::to_string(i) + ": " + error;
    }
  }
  return "";
}

std::string invalid_object(const Json& value, const Json& schema, const Json& root) {
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) {
      return "lacks " + name.get<std::string>();
    }
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, member] : value.items()) {
    const Json rule = properties.contains(name)                 ? properties.at(name)
                      : schema.contains("additionalProperties") ? schema.at("additionalProperties")
                                                                : Json(true);
    if (std::string error = invalid(member, rule, root); !error.empty()) {
      return name + ": " + error;
    }
  }
  return "";
}

std::string invalid_combination(const Json& value, const Json& schema, const Json& root) {
  const auto count = [&](const char* key) {
    std::size_t fit = 0;
    for (const Json& part : schema.at(key)) {
      fit += invalid(value, part, root).empty() ? 1 : 0;
    }
    return fit;
  };
  if (schema.contains("allOf") && count("allOf") != schema.at("allOf").size()) {
    return "allOf";
  }
  if (schema.contains("anyOf") && count("anyOf") == 0) {
    return "anyOf";
  }
  if (schema.contains("oneOf") && count("oneOf") != 1) {
    return "oneOf";
  }
  if (schema.contains("$ref")) {
    const std::string pointer = schema.at("$ref").get<std::string>().substr(1);
    return invalid(value, root.at(Json::json_pointer(pointer)), root);
  }
  return "";
}

}  // namespace

std::string invalid(const Json& value, const Json& schema, const Json& root) {
  if (schema.is_boolean()) {
    return schema.get<bool>() ? "" : "nothing is allowed here";
  }
  if (schema.contains("type")) {
    const Json types = schema.at("type").is_array() ? schema.at("type") : Json::array({schema.at("type")});
    bool fits = false;
    for (const Json& type : types) {
      fits = fits || is_type(value, type);
    }
    if (!fits) {
      return "type of " + value.dump();
    }
  }
  if (schema.contains("const") && value != schema.at("const")) {
    return "const";
  }
  if (schema.contains("enum")) {
    bool fits = false;
    for (const Json& known : schema.at("enum")) {
      fits = fits || known == value;
    }
    if (!fits) {
      return "enum";
    }
  }
  if (std::string error = invalid_combination(value, schema, root); !error.empty()) {
    return error;
  }
  return value.is_number()   ? invalid_number(value, schema)
         : value.is_string() ? invalid_string(value.get<std::string>(), schema)
         : value.is_array()  ? invalid_array(value, schema, root)
         : value.is_object() ? invalid_object(value, schema, root)
                             : "";
}

std::string invalid_text(const std::string& text, const Json& schema) {
  const Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? "no JSON" : invalid(value, schema, schema);
}

}  // namespace everform::test
