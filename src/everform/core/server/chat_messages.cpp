#include "everform/core/server/chat_messages.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "everform/core/server/api_error.h"

namespace everform::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostMessages = 4096;
constexpr std::size_t kMostTools = 128;
constexpr std::size_t kLongestName = 64;
constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant", "tool"};

[[noreturn]] void refuse(const std::string& param, const std::string& found) {
  throw ApiError(400, param + " " + found, param);
}

std::string text_of_parts(const Json& parts, const std::string& param) {
  std::string text;
  for (const Json& part : parts) {
    const bool is_text = part.is_object() && part.contains("type") && part["type"] == "text" &&
                         part.contains("text") && part["text"].is_string();
    if (!is_text) {
      refuse(param, "may hold parts of the type \"text\" only: this model reads no pictures and no sound");
    }
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

Json read_tool_call(const Json& call, const std::string& param) {
  const bool good = call.is_object() && call.contains("function") && call["function"].is_object() &&
                    call["function"].contains("name") && call["function"]["name"].is_string();
  if (!good) {
    refuse(param, "must hold a function with a name");
  }
  Json read = call;
  Json& function = read["function"];
  if (function.contains("arguments") && function["arguments"].is_string()) {
    Json arguments = Json::parse(function["arguments"].get_ref<const std::string&>(), nullptr, false);
    if (arguments.is_object()) {
      function["arguments"] = std::move(arguments);
    }
  }
  return read;
}

Json read_message(const Json& message, const std::string& param) {
  if (!message.is_object() || !message.contains("role") || !message["role"].is_string()) {
    refuse(param, R"(must be an object with a role and a content)");
  }
  const std::string role = message["role"].get<std::string>();
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    refuse(param + ".role", "must be system, developer, user, assistant or tool");
  }
  Json read;
  read["role"] = role == "developer" ? "system" : role;
  const Json content = message.contains("content") ? message["content"] : Json();
  if (content.is_array()) {
    read["content"] = text_of_parts(content, param + ".content");
  } else if (content.is_string()) {
    read["content"] = content;
  } else if (!content.is_null() || role != "assistant") {
    refuse(param + ".content", "must be a text");
  } else {
    read["content"] = "";
  }
  for (const char* name : {"name", "tool_call_id"}) {
    if (message.contains(name) && message[name].is_string()) {
      read[name] = message[name];
    }
  }
  if (message.contains("tool_calls") && !message["tool_calls"].is_null()) {
    if (!message["tool_calls"].is_array() || message["tool_calls"].size() > kMostTools) {
      refuse(param + ".tool_calls", "must be a list of at most " + std::to_string(kMostTools) + " calls");
    }
    for (const Json& call : message["tool_calls"]) {
      read["tool_calls"].push_back(read_tool_call(call, param + ".tool_calls"));
    }
  }
  return read;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Json read_messages(const Json& messages) {
  if (!messages.is_array() || messages.empty() || messages.size() > kMostMessages) {
    refuse("messages", "must be a list of 1 to " + std::to_string(kMostMessages) + " messages");
  }
  Json read = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    read.push_back(read_message(messages[i], "messages[" + std::to_string(i) + "]"));
  }
  return read;
}

Json read_tools(const Json& tools) {
  if (!tools.is_array() || tools.size() > kMostTools) {
    refuse("tools", "must be a list of at most " + std::to_string(kMostTools) + " tools");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string param = "tools[" + std::to_string(i) + "]";
    const Json& tool = tools[i];
    if (!tool.is_object() || !tool.contains("type") || tool["type"] != "function" ||
        !tool.contains("function") || !tool["function"].is_object()) {
      refuse(param, R"(must be {"type":"function","function":{...}})");
    }
    const Json& function = tool["function"];
    if (!function.contains("name") || !function["name"].is_string() ||
        !is_name(function["name"].get<std::string>())) {
      refuse(param + ".function.name", "must be 1 to 64 letters, digits, underscores or hyphens");
    }
    if (!names.insert(function["name"].get<std::string>()).second) {
      refuse(param + ".function.name", "is there twice");
    }
    if (function.contains("parameters") && !function["parameters"].is_object()) {
      refuse(param + ".function.parameters", "must be a JSON schema");
    }
  }
  return tools;
}

}  // namespace everform::server
