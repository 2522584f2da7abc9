// Whether schemas exclude each other, so that "exactly one of them" is "one of them".
#include <algorithm>
#include <cmath>

#include "everform/core/decoding/constraints/schema_facts.h"

namespace everform::constraints {
namespace {

constexpr std::size_t kPropertiesLookedAt = 16;

}  // namespace

unsigned schema_type_of(const SchemaJson& value) {
  switch (value.type()) {
    case SchemaJson::value_t::null:
      return kNull;
    case SchemaJson::value_t::boolean:
      return kBoolean;
    case SchemaJson::value_t::string:
      return kString;
    case SchemaJson::value_t::array:
      return kArray;
    case SchemaJson::value_t::object:
      return kObject;
    case SchemaJson::value_t::number_float:
      return value.get<double>() == std::floor(value.get<double>()) ? kInteger : kFraction;
    default:
      return kInteger;
  }
}

bool surely_apart(const SchemaDocument& document, const SchemaFacts& a, const SchemaFacts& b,
                  bool look_at_properties) {
  if (a.impossible || b.impossible || (a.written_types() & b.types) == 0) {
    return true;
  }
  if (!a.choices.empty() || !b.choices.empty()) {
    return false;
  }
  if (a.values) {
    return std::all_of(a.values->begin(), a.values->end(), [&](const SchemaJson& value) {
      return (schema_type_of(value) & b.types) == 0 ||
             (b.values && std::find(b.values->begin(), b.values->end(), value) == b.values->end());
    });
  }
  if (a.written_types() != kObject || !look_at_properties) {
    return false;
  }
  // An object of `a` that lacks what `b` requires, or has something else there, does not fit `b`.
  std::size_t looked_at = 0;
  for (const std::string& name : b.required) {
    if (++looked_at > kPropertiesLookedAt) {
      break;
    }
    const bool writes = std::find(a.properties.begin(), a.properties.end(), name) != a.properties.end();
    if (writes ? surely_apart(document, document.facts(a.property(name)), document.facts(b.property(name)),
                              false)
               : !a.writes_extra_properties()) {
      return true;
    }
  }
  return false;
}

}  // namespace everform::constraints
