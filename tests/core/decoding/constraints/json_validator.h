// A plain validator of JSON schemas, to hold constrained texts against: written from the specification, and
// sharing nothing with the compiler of constraints.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace everform::test {

/// What is wrong with `value`, "" where it validates. @param root the whole document, for $ref
std::string invalid(const nlohmann::json& value, const nlohmann::json& schema, const nlohmann::json& root);

/// Parses and validates a text.
std::string invalid_text(const std::string& text, const nlohmann::json& schema);

}  // namespace everform::test
