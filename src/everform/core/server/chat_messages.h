// The messages and tools of a chat request, brought into the form that chat templates read.
#pragma once

#include <nlohmann/json.hpp>

namespace everform::server {

/// Checks roles, contents and tool calls. Contents that are lists of text parts become texts, arguments of
/// tool calls become objects, "developer" becomes "system". Throws ApiError 400 naming the message; pictures
/// and sound are refused.
nlohmann::ordered_json read_messages(const nlohmann::ordered_json& messages);

/// Checks [{"type":"function","function":{"name","description","parameters"}}]. Throws ApiError 400.
nlohmann::ordered_json read_tools(const nlohmann::ordered_json& tools);

}  // namespace everform::server
