// Bodies of requests, as a client sends them. The first byte picks the endpoint.
#include <cstdint>
#include <string>

#include "everform/core/server/access_rules.h"
#include "everform/core/server/api_error.h"
#include "everform/core/server/openai_requests.h"
#include "everform/core/server/tool_calls.h"
#include "everform/core/server/url_text.h"

namespace {

constexpr std::size_t kVocabulary = 49152;

void read(std::uint8_t endpoint, const std::string& body) {
  using namespace everform::server;
  switch (endpoint % 6) {
    case 0:
      read_completion_request(body, kVocabulary);
      break;
    case 1: {
      const ChatRequest request = read_chat_request(body, kVocabulary);
      if (!request.tools.is_null()) {
        tool_call_schema(request.tools);
        tool_instructions(request.tools, true);
      }
      break;
    }
    case 2:
      read_embeddings_request(body);
      break;
    case 3:
      read_tokenize_request(body);
      break;
    case 4:
      find_tool_calls(body, {.possible = true, .required = false, .names = {"f", "weather"}});
      may_become_tool_call(body);
      break;
    default: {
      const AccessControl access(
          {.hosts = {"a.example"}, .origins = {"https://a.example"}, .keys = {"some-key"}});
      HttpRequest request;
      const std::size_t line = body.find('\n');
      request.headers = {{"Host", body.substr(0, line)},
                         {"Origin", line == std::string::npos ? "" : body.substr(line + 1)},
                         {"Authorization", body}};
      access.refuse(request, true);
      access.client_of(request);
      if (const auto target = parse_target(body)) {
        query_value(target->query, "name");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  try {
    read(data[0], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  } catch (const everform::server::ApiError&) {
    // Refusing is right; crashing, hanging and anything else thrown is not.
  }
  return 0;
}
