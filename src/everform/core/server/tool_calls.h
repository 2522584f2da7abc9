// Calls of tools inside the text that a model wrote.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace everform::server {

/// Where calls may stand in an answer.
struct ToolCallReading {
  bool possible = false;  ///< tools were offered
  bool required = false;  ///< the whole text is one call: its form was held
  std::vector<std::string> names;
};

struct ToolCall {
  std::string name;
  std::string arguments;  ///< JSON text
};

/// The schema that a required call must have: {"name", "arguments"} of one of the tools.
nlohmann::ordered_json tool_call_schema(const nlohmann::ordered_json& tools);

/// Instructions for a model whose chat template knows no tools.
std::string tool_instructions(const nlohmann::ordered_json& tools, bool required);

/// The calls that `text` consists of: JSON objects with a name of `reading` and arguments (or "parameters"),
/// alone, in a list, or each between <tool_call> and </tool_call>. Nothing where it is plain text.
std::optional<std::vector<ToolCall>> find_tool_calls(const std::string& text, const ToolCallReading& reading);

/// Whether a text that begins like this may still turn out to be a call.
bool may_become_tool_call(const std::string& beginning);

}  // namespace everform::server
