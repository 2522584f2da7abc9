// What a JSON schema, with all that it refers to and is combined with, asks of a value.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "everform/core/decoding/constraints/number_range.h"

namespace everform::constraints {

using SchemaJson = nlohmann::ordered_json;

/// Kinds of values, as bits. A number is kInteger | kFraction.
enum ValueType : unsigned {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kFraction = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAnyType = 127
};

/// A schema inside the document, and what of it has been dealt with.
struct SchemaPart {
  const SchemaJson* schema = nullptr;
  std::string path;        ///< "#/properties/a"
  bool expanded = false;   ///< what its $ref and allOf lead to stands beside it
  bool any_taken = false;  ///< an alternative of its anyOf stands beside it
  bool one_taken = false;  ///< the same of its oneOf
};

/// Schemas that must all hold.
using Conjunction = std::vector<SchemaPart>;

struct SchemaFacts {
  /// The alternatives of one anyOf or oneOf.
  struct Choice {
    std::size_t part = 0;  ///< whose they are
    bool one_of = false;
    std::vector<SchemaPart> alternatives;
  };
  struct Text {
    std::string text;
    std::string path;
  };

  Conjunction parts;         ///< $ref and allOf followed
  bool follows_ref = false;  ///< a $ref was followed for it
  bool impossible = false;   ///< nothing fits
  unsigned types = kAnyType;
  unsigned hinted_types = 0;  ///< types that keywords of a type speak of
  std::vector<Choice> choices;
  std::optional<std::vector<SchemaJson>> values;  ///< of enum and const
  std::string values_path;
  NumberBounds numbers;
  std::uint32_t min_length = 0;
  std::uint32_t max_length = Rule::kUnbounded;
  std::vector<Text> patterns;
  std::vector<Text> formats;
  std::uint32_t min_items = 0;
  std::uint32_t max_items = Rule::kUnbounded;
  std::size_t prefix_items = 0;
  std::vector<std::string> properties;  ///< those with a schema or required, in the order of the document
  std::set<std::string> required;

  /// Types that are written: those allowed, or, where none is named, those that its keywords speak of.
  unsigned written_types() const { return types == kAnyType && hinted_types != 0 ? hinted_types : types; }
  /// What the value of a property, an item, or a property without a schema of its own must be.
  Conjunction property(const std::string& name) const;
  Conjunction item(std::size_t index) const;
  Conjunction extra_property() const;
  /// Whether properties are written that have no schema of their own: where additionalProperties says so, or
  /// no properties are named.
  bool writes_extra_properties() const;
};

/// Reads schemas out of one document. Throws Error{kUsage} naming the path for keywords that change what
/// validates and are not supported, for malformed ones, for $ref that leads nowhere, out of the document or
/// back to itself, and for documents that are too large or too deep.
class SchemaDocument {
 public:
  static constexpr std::size_t kMaxDepth = 128;
  static constexpr std::size_t kMaxValues = 100'000;
  static constexpr std::size_t kMaxProperties = 1'000;  ///< of one object

  explicit SchemaDocument(SchemaJson document);

  SchemaPart root() const { return {.schema = &document_, .path = "#"}; }
  SchemaFacts facts(const Conjunction& conjunction) const;

 private:
  SchemaJson document_;
};

/// Throws Error{kUsage} as SchemaDocument does, without recursion.
void check_schema_size(const nlohmann::json& document);
void check_schema_size(const SchemaJson& document);

/// Error{kUsage} about a place in the schema.
[[noreturn]] void refuse_schema(const std::string& path, const std::string& what,
                                const std::string& hint = "");

/// Where a $ref at `path` leads.
SchemaPart resolve_schema_reference(const SchemaJson& document, const SchemaJson& reference,
                                    const std::string& path);

/// The bit of a value's type; numbers without a fraction are kInteger.
unsigned schema_type_of(const SchemaJson& value);

/// Whether no value that is written for `a` fits `b`, as far as types, values, and the first 16 required
/// properties' types and values show.
bool surely_apart(const SchemaDocument& document, const SchemaFacts& a, const SchemaFacts& b,
                  bool look_at_properties = true);

}  // namespace everform::constraints
