#include "everform/core/server/prompting.h"

#include <utility>

#include "everform/core/server/api_error.h"
#include "everform/core/server/tool_calls.h"
#include "everform/core/text/chat_prompt.h"

namespace everform::server {
namespace {

void add_instructions(nlohmann::ordered_json& messages, const std::string& instructions) {
  if (messages.front()["role"] == "system") {
    nlohmann::ordered_json& content = messages.front()["content"];
    content = content.get<std::string>() + "\n\n" + instructions;
  } else {
    nlohmann::ordered_json message;
    message["role"] = "system";
    message["content"] = instructions;
    messages.insert(messages.begin(), std::move(message));
  }
}

}  // namespace

std::vector<TokenId> completion_tokens(const ServedModel& model, const Prompt& prompt, bool parse_specials) {
  std::vector<TokenId> tokens;
  if (const auto* given = std::get_if<std::vector<TokenId>>(&prompt)) {
    tokens = *given;
  } else {
    tokens = model.tokenizer->encode_ids(std::get<std::string>(prompt), {.parse_specials = parse_specials});
  }
  if (tokens.empty() && model.tokenizer->bos()) {
    tokens.push_back(*model.tokenizer->bos());
  }
  return tokens;
}

std::vector<TokenId> chat_tokens(const ServedModel& model, nlohmann::ordered_json messages,
                                 const nlohmann::ordered_json& tools, bool tool_required) {
  if (!model.chat_template) {
    throw ApiError(400, "this model has no chat template; /v1/completions continues texts", "messages");
  }
  nlohmann::ordered_json variables;
  if (!tools.is_null()) {
    if (model.chat_template->find("tools") == std::string::npos) {
      add_instructions(messages, tool_instructions(tools, tool_required));
    } else {
      variables["tools"] = tools;
    }
  }
  variables["messages"] = std::move(messages);
  variables["add_generation_prompt"] = true;
  try {
    return render_chat(*model.tokenizer, *model.chat_template, variables).tokens;
  } catch (const Error& error) {
    throw ApiError(400, "the chat template refuses the messages: " + error.message(), "messages");
  }
}

}  // namespace everform::server
