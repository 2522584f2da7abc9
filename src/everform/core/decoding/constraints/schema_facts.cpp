#include "everform/core/decoding/constraints/schema_facts.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "everform/core/base/error.h"

namespace everform::constraints {
namespace {

constexpr std::uint32_t kMaxCount = 1'000'000;

const std::map<std::string, unsigned>& type_names() {
  static const std::map<std::string, unsigned> names = {
      {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kInteger | kFraction},
      {"string", kString}, {"array", kArray},     {"object", kObject}};
  return names;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) {
    return a.negative ? -1 : 1;
  }
  const std::size_t whole = std::max(a.whole.size(), b.whole.size());
  const std::string left = std::string(whole - a.whole.size(), '0') + a.whole + a.fraction;
  const std::string right = std::string(whole - b.whole.size(), '0') + b.whole + b.fraction;
  const int order = left.compare(right);
  return a.negative ? -order : order;
}

// Gathers the facts of schemas that must all hold.
class Gatherer {
 public:
  explicit Gatherer(const SchemaJson& document) : document_(document) {}

  SchemaFacts gather(const Conjunction& conjunction) {
    for (const SchemaPart& part : conjunction) {
      if (part.expanded) {
        facts_.parts.push_back(part);
        known_.emplace(part.schema, facts_.parts.size() - 1);
      }
    }
    for (std::size_t i = 0; i < facts_.parts.size(); ++i) {
      const SchemaPart part = facts_.parts[i];
      read_keywords(part, i);
    }
    for (const SchemaPart& part : conjunction) {
      if (!part.expanded) {
        add(part, 0);
      }
    }
    finish();
    return std::move(facts_);
  }

 private:
  void add(SchemaPart part, std::size_t depth) {
    if (depth > SchemaDocument::kMaxDepth) {
      refuse_schema(part.path, "$ref and allOf lead through more than " +
                                   std::to_string(SchemaDocument::kMaxDepth) + " schemas");
    }
    const auto known = known_.find(part.schema);
    if (known != known_.end()) {
      if (std::find(active_.begin(), active_.end(), part.schema) != active_.end()) {
        refuse_schema(part.path, "the schema refers to itself and asks nothing of the value");
      }
      // An alternative that is the whole choice again adds no value to it.
      const SchemaPart& before = facts_.parts[known->second];
      facts_.impossible = facts_.impossible || before.any_taken || before.one_taken;
      return;
    }
    part.expanded = true;
    known_.emplace(part.schema, facts_.parts.size());
    facts_.parts.push_back(part);
    active_.push_back(part.schema);
    read_keywords(part, facts_.parts.size() - 1);
    follow(part, depth);
    active_.pop_back();
  }

  void follow(const SchemaPart& part, std::size_t depth) {
    const SchemaJson& schema = *part.schema;
    if (!schema.is_object()) {
      return;
    }
    if (schema.contains("$ref")) {
      facts_.follows_ref = true;
      add(resolve_schema_reference(document_, schema.at("$ref"), part.path), depth + 1);
    }
    if (schema.contains("allOf")) {
      for (SchemaPart& member : members(schema.at("allOf"), part.path + "/allOf")) {
        add(std::move(member), depth + 1);
      }
    }
  }

  static std::vector<SchemaPart> members(const SchemaJson& list, const std::string& path) {
    if (!list.is_array() || list.empty()) {
      refuse_schema(path, "it must be a list of schemas that is not empty");
    }
    std::vector<SchemaPart> parts;
    for (std::size_t i = 0; i < list.size(); ++i) {
      parts.push_back({.schema = &list[i], .path = path + "/" + std::to_string(i)});
    }
    return parts;
  }

  void read_keywords(const SchemaPart& part, std::size_t index) {
    const SchemaJson& schema = *part.schema;
    if (schema.is_boolean()) {
      facts_.impossible = facts_.impossible || !schema.get<bool>();
      return;
    }
    if (!schema.is_object()) {
      refuse_schema(part.path, "a schema is an object, true or false");
    }
    for (const auto& [key, value] : schema.items()) {
      read_keyword(part, index, key, value);
    }
  }

  void read_keyword(const SchemaPart& part, std::size_t index, const std::string& key,
                    const SchemaJson& value) {
    static const std::vector<std::string> kNoMatter = {
        "title",    "description", "default",          "examples",        "$schema",       "$id",
        "$comment", "$defs",       "definitions",      "deprecated",      "readOnly",      "writeOnly",
        "$ref",     "allOf",       "contentMediaType", "contentEncoding", "discriminator", "$anchor"};
    using Read = void (Gatherer::*)(const SchemaPart&, const std::string&, const SchemaJson&);
    static const std::map<std::string, Read> kReaders = {
        {"type", &Gatherer::read_type},
        {"nullable", &Gatherer::read_nullable},
        {"enum", &Gatherer::read_values},
        {"const", &Gatherer::read_values},
        {"minLength", &Gatherer::read_count},
        {"maxLength", &Gatherer::read_count},
        {"minItems", &Gatherer::read_count},
        {"maxItems", &Gatherer::read_count},
        {"pattern", &Gatherer::read_text},
        {"format", &Gatherer::read_text},
        {"minimum", &Gatherer::read_bound},
        {"maximum", &Gatherer::read_bound},
        {"exclusiveMinimum", &Gatherer::read_bound},
        {"exclusiveMaximum", &Gatherer::read_bound},
        {"multipleOf", &Gatherer::read_multiple},
        {"uniqueItems", &Gatherer::read_unique},
        {"items", &Gatherer::read_items},
        {"prefixItems", &Gatherer::read_prefix},
        {"properties", &Gatherer::read_properties},
        {"required", &Gatherer::read_required},
        {"additionalProperties", &Gatherer::read_additional},
    };
    if (const auto reader = kReaders.find(key); reader != kReaders.end()) {
      (this->*reader->second)(part, key, value);
    } else if (key == "anyOf" || key == "oneOf") {
      const bool one_of = key == "oneOf";
      if (!(one_of ? part.one_taken : part.any_taken)) {
        facts_.choices.push_back({index, one_of, members(value, part.path + "/" + key)});
      }
    } else if (std::find(kNoMatter.begin(), kNoMatter.end(), key) == kNoMatter.end() &&
               !key.starts_with("x-")) {
      refuse_schema(part.path, "keyword \"" + printable(key, 60) + "\" is not supported",
                    "leave it out, or say the same with type, properties, items, enum, anyOf, pattern");
    }
  }

  void read_type(const SchemaPart& part, const std::string& /*key*/, const SchemaJson& value) {
    unsigned types = 0;
    const auto take = [&](const SchemaJson& name) {
      const auto known = name.is_string() ? type_names().find(name.get<std::string>()) : type_names().end();
      if (known == type_names().end()) {
        refuse_schema(part.path,
                      "keyword \"type\" must name null, boolean, integer, number, string, array or "
                      "object, or list them");
      }
      types |= known->second;
    };
    if (value.is_array() && !value.empty()) {
      for (const SchemaJson& name : value) {
        take(name);
      }
    } else {
      take(value);
    }
    if (part.schema->contains("nullable") && part.schema->at("nullable") == true) {
      types |= kNull;
    }
    facts_.types &= types;
  }

  // OpenAPI's: read with the type that it widens.
  void read_nullable(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (!value.is_boolean() || (value.get<bool>() && !part.schema->contains("type"))) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be true or false, beside a type");
    }
  }

  void read_values(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (key == "enum" && (!value.is_array() || value.empty())) {
      refuse_schema(part.path, "keyword \"enum\" must be a list of values that is not empty");
    }
    std::vector<SchemaJson> values;
    if (key == "const") {
      values.push_back(value);
    } else {
      values.assign(value.begin(), value.end());
    }
    if (facts_.values) {
      if (facts_.values->size() * values.size() > SchemaDocument::kMaxValues) {
        refuse_schema(part.path, "two lists of values are too long to be compared");
      }
      std::erase_if(*facts_.values, [&](const SchemaJson& known) {
        return std::find(values.begin(), values.end(), known) == values.end();
      });
    } else {
      facts_.values = std::move(values);
      facts_.values_path = part.path;
    }
  }

  void read_count(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    const bool whole = value.is_number_unsigned() ||
                       (value.is_number_integer() && value.get<std::int64_t>() >= 0) ||
                       (value.is_number_float() && value.get<double>() >= 0 &&
                        value.get<double>() == std::floor(value.get<double>()));
    if (!whole) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be a whole number of 0 or more");
    }
    const double count = value.get<double>();
    const bool smallest = key.starts_with("min");
    if (smallest && count > kMaxCount) {
      refuse_schema(part.path, "keyword \"" + key + "\" is above " + std::to_string(kMaxCount));
    }
    const auto number = static_cast<std::uint32_t>(std::min<double>(count, kMaxCount));
    const bool items = key.ends_with("Items");
    facts_.hinted_types |= items ? kArray : kString;
    if (smallest) {
      std::uint32_t& min = items ? facts_.min_items : facts_.min_length;
      min = std::max(min, number);
    } else {
      std::uint32_t& max = items ? facts_.max_items : facts_.max_length;
      max = std::min(max, number);
    }
  }

  void read_text(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (!value.is_string()) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be a text");
    }
    facts_.hinted_types |= kString;
    auto& texts = key == "pattern" ? facts_.patterns : facts_.formats;
    const std::string text = value.get<std::string>();
    if (std::none_of(texts.begin(), texts.end(), [&](const auto& known) { return known.text == text; })) {
      texts.push_back({text, part.path});
    }
  }

  void read_bound(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (!value.is_number()) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be a number");
    }
    const auto bound = parse_decimal(value.dump());
    if (!bound) {
      refuse_schema(part.path, "keyword \"" + key + "\" has more than 15 digits before or after the point");
    }
    facts_.hinted_types |= kInteger | kFraction;
    const bool low = key.ends_with("inimum");
    const bool strict = key.starts_with("ex");
    std::optional<Decimal>& known = low ? facts_.numbers.low : facts_.numbers.high;
    bool& known_strict = low ? facts_.numbers.above_low : facts_.numbers.below_high;
    const int order = known ? compare(*bound, *known) * (low ? 1 : -1) : 1;
    if (order > 0) {
      known = bound;
      known_strict = strict;
    } else if (order == 0) {
      known_strict = known_strict || strict;
    }
  }

  void read_multiple(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (!value.is_number() || value.get<double>() != 1.0) {
      refuse_schema(part.path, "keyword \"" + key + "\" is supported for 1 only", "use an enum");
    }
    facts_.hinted_types |= kInteger;
    facts_.types &= ~static_cast<unsigned>(kFraction);
  }

  void read_unique(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (value != false) {
      refuse_schema(part.path, "keyword \"" + key + "\" is not supported",
                    "leave it out, and check the answer");
    }
  }

  void read_items(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (value.is_array()) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be a schema", "write a list as \"prefixItems\"");
    }
    facts_.hinted_types |= kArray;
  }

  void read_prefix(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    members(value, part.path + "/" + key);
    facts_.hinted_types |= kArray;
    facts_.prefix_items = std::max(facts_.prefix_items, value.size());
  }

  void add_property(const std::string& name) {
    if (property_names_.insert(name).second) {
      if (property_names_.size() > SchemaDocument::kMaxProperties) {
        refuse_schema(facts_.parts.front().path,
                      "it has more than " + std::to_string(SchemaDocument::kMaxProperties) + " properties");
      }
      facts_.properties.push_back(name);
    }
  }

  void read_properties(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    if (!value.is_object()) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be an object of schemas");
    }
    facts_.hinted_types |= kObject;
    for (const auto& [name, schema] : value.items()) {
      add_property(name);
    }
  }

  void read_required(const SchemaPart& part, const std::string& key, const SchemaJson& value) {
    const auto is_text = [](const SchemaJson& name) { return name.is_string(); };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_text)) {
      refuse_schema(part.path, "keyword \"" + key + "\" must be a list of names");
    }
    facts_.hinted_types |= kObject;
    for (const SchemaJson& name : value) {
      if (facts_.required.insert(name.get<std::string>()).second) {
        required_in_order_.push_back(name.get<std::string>());
      }
    }
  }

  void read_additional(const SchemaPart& /*part*/, const std::string& /*key*/, const SchemaJson& /*value*/) {
    facts_.hinted_types |= kObject;
  }

  void finish() {
    for (const std::string& name : required_in_order_) {
      add_property(name);
    }
    if (facts_.values) {
      std::erase_if(*facts_.values,
                    [this](const SchemaJson& value) { return (schema_type_of(value) & facts_.types) == 0; });
      facts_.impossible = facts_.impossible || facts_.values->empty();
    }
    facts_.impossible = facts_.impossible || facts_.types == 0;
  }

  const SchemaJson& document_;
  SchemaFacts facts_;
  std::unordered_map<const SchemaJson*, std::size_t> known_;
  std::unordered_set<std::string> property_names_;
  std::vector<std::string> required_in_order_;
  std::vector<const SchemaJson*> active_;
};

// The schema under a keyword of a part, where it has one.
void add_member(const SchemaPart& part, const char* key, Conjunction& to) {
  if (part.schema->is_object() && part.schema->contains(key)) {
    to.push_back({.schema = &part.schema->at(key), .path = part.path + "/" + key});
  }
}

}  // namespace

SchemaFacts SchemaDocument::facts(const Conjunction& conjunction) const {
  return Gatherer(document_).gather(conjunction);
}

Conjunction SchemaFacts::property(const std::string& name) const {
  Conjunction result;
  for (const SchemaPart& part : parts) {
    const SchemaJson& schema = *part.schema;
    if (schema.is_object() && schema.contains("properties") && schema.at("properties").contains(name)) {
      result.push_back(
          {.schema = &schema.at("properties").at(name), .path = part.path + "/properties/" + name});
    } else {
      add_member(part, "additionalProperties", result);
    }
  }
  return result;
}

Conjunction SchemaFacts::item(std::size_t index) const {
  Conjunction result;
  for (const SchemaPart& part : parts) {
    const SchemaJson& schema = *part.schema;
    if (schema.is_object() && schema.contains("prefixItems") && index < schema.at("prefixItems").size()) {
      result.push_back({.schema = &schema.at("prefixItems").at(index),
                        .path = part.path + "/prefixItems/" + std::to_string(index)});
    } else {
      add_member(part, "items", result);
    }
  }
  return result;
}

Conjunction SchemaFacts::extra_property() const {
  Conjunction result;
  for (const SchemaPart& part : parts) {
    add_member(part, "additionalProperties", result);
  }
  return result;
}

bool SchemaFacts::writes_extra_properties() const {
  bool named = false;
  bool asked = false;
  for (const SchemaPart& part : parts) {
    if (part.schema->is_object()) {
      named = named || part.schema->contains("properties");
      asked = asked || part.schema->contains("additionalProperties");
    }
  }
  return asked || !named;
}

}  // namespace everform::constraints
