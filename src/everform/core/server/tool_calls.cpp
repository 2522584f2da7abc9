#include "everform/core/server/tool_calls.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace everform::server {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::size_t kDeepest = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : text) {
    depth += c == '[' || c == '{' ? 1 : 0;
    depth -= (c == ']' || c == '}') && depth > 0 ? 1 : 0;
    deepest = std::max(deepest, depth);
  }
  return deepest > kDeepest;
}

bool add_call(const nlohmann::ordered_json& json, const ToolCallReading& reading,
              std::vector<ToolCall>& calls) {
  if (!json.is_object() || !json.contains("name") || !json["name"].is_string()) {
    return false;
  }
  const std::string name = json["name"].get<std::string>();
  if (std::find(reading.names.begin(), reading.names.end(), name) == reading.names.end()) {
    return false;
  }
  const char* field = json.contains("arguments") ? "arguments" : "parameters";
  nlohmann::ordered_json arguments = json.contains(field) ? json[field] : nlohmann::ordered_json::object();
  if (arguments.is_string()) {
    arguments = nlohmann::ordered_json::parse(arguments.get_ref<const std::string&>(), nullptr, false);
  }
  if (!arguments.is_object()) {
    return false;
  }
  calls.push_back({name, arguments.dump()});
  return true;
}

bool add_calls(std::string_view text, const ToolCallReading& reading, std::vector<ToolCall>& calls) {
  if (too_deep(text)) {
    return false;
  }
  const auto json = nlohmann::ordered_json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_array() && !json.empty()) {
    return std::all_of(json.begin(), json.end(),
                       [&](const auto& call) { return add_call(call, reading, calls); });
  }
  return add_call(json, reading, calls);
}

}  // namespace

nlohmann::ordered_json tool_call_schema(const nlohmann::ordered_json& tools) {
  using Json = nlohmann::ordered_json;
  Json calls = Json::array();
  for (const Json& tool : tools) {
    const Json& function = tool["function"];
    Json call;
    call["type"] = "object";
    call["properties"]["name"]["const"] = function["name"];
    call["properties"]["arguments"] =
        function.contains("parameters") ? function["parameters"] : Json({{"type", "object"}});
    call["required"] = {"name", "arguments"};
    call["additionalProperties"] = false;
    calls.push_back(std::move(call));
  }
  return calls.size() == 1 ? calls.front() : Json({{"anyOf", calls}});
}

std::string tool_instructions(const nlohmann::ordered_json& tools, bool required) {
  std::string text = "You have these functions:\n";
  for (const auto& tool : tools) {
    text += tool["function"].dump() + "\n";
  }
  text += required ? "Call one of them" : "To call one of them";
  return text + R"(: answer with {"name": <its name>, "arguments": <its arguments>} and nothing else.)";
}

std::optional<std::vector<ToolCall>> find_tool_calls(const std::string& text,
                                                     const ToolCallReading& reading) {
  std::vector<ToolCall> calls;
  std::string_view rest = trimmed(text);
  if (!rest.starts_with(kOpen)) {
    return add_calls(rest, reading, calls) ? std::optional(calls) : std::nullopt;
  }
  while (!rest.empty()) {
    if (!rest.starts_with(kOpen)) {
      return std::nullopt;
    }
    rest.remove_prefix(kOpen.size());
    // A model that ends its turn right after the call may leave the closing mark out.
    const std::size_t close = std::min(rest.find(kClose), rest.size());
    if (!add_calls(trimmed(rest.substr(0, close)), reading, calls)) {
      return std::nullopt;
    }
    rest = trimmed(rest.substr(std::min(rest.size(), close + kClose.size())));
  }
  return calls;
}

bool may_become_tool_call(const std::string& beginning) {
  const std::size_t first = beginning.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    return true;
  }
  const std::string_view text = std::string_view(beginning).substr(first);
  return text.front() == '{' || text.front() == '[' || text.starts_with(kOpen) || kOpen.starts_with(text);
}

}  // namespace everform::server
