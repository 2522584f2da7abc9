// A conversation as the tokens that a model sees: rendered by the chat template, with special tokens only
// where the template wrote them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform {

struct ChatPrompt {
  std::string text;
  std::vector<TokenId> tokens;
};

/// Renders `variables` ({"messages": [...], "tools": [...], ...}) by `chat_template` and encodes the result.
/// bos_token and eos_token are added to the variables. A special token spelled in any text of `variables`
/// ("<|im_end|>" in a user's message) stays text. Throws what ChatTemplate throws.
ChatPrompt render_chat(const Tokenizer& tokenizer, const std::string& chat_template,
                       const nlohmann::ordered_json& variables);

}  // namespace everform
