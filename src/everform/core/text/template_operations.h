// The operators of chat templates.
#pragma once

#include <optional>
#include <string>

#include "everform/core/text/template_syntax.h"
#include "everform/core/text/template_value.h"

namespace everform::templates {

/// + - * / // % **, with Python's meaning for numbers, texts and lists.
Value apply_binary(Context& context, BinaryOperator operation, const Value& a, const Value& b);
/// -x or +x
Value apply_sign(Context& context, UnaryOperator operation, const Value& value);
bool apply_comparison(Context& context, Comparison comparison, const Value& a, const Value& b);
/// `part in whole`
bool contains(Context& context, const Value& whole, const Value& part);

/// subject.name: a method, or else the item of that name; undefined where there is neither.
Value get_attribute(Context& context, const Value& subject, const std::string& name);
/// subject[index]; undefined where there is none.
Value get_item(Context& context, const Value& subject, const Value& index);
/// Python's slices, of lists and texts.
Value get_slice(Context& context, const Value& subject, std::optional<std::int64_t> begin,
                std::optional<std::int64_t> end, std::optional<std::int64_t> step);

}  // namespace everform::templates
