// Server-sent events (WHATWG HTML, section 9.2), as OpenAI streams them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/io/json_text.h"

namespace everform::server {

/// One event; JSON text holds no line break, so that one data line is enough.
inline std::string sse_event(const nlohmann::ordered_json& data) {
  return "data: " + data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n\n";
}

inline std::string sse_done() {
  return "data: [DONE]\n\n";
}

}  // namespace everform::server
