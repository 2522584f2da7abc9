// What a request says, as the tokens that the model sees.
#pragma once

#include <vector>

#include "everform/core/server/openai_requests.h"
#include "everform/core/server/served_model.h"

namespace everform::server {

/// A prompt of /v1/completions: token ids as they are, a text encoded.
std::vector<TokenId> completion_tokens(const ServedModel& model, const Prompt& prompt, bool parse_specials);

/// A conversation in the model's chat template, with the opening of an answer at its end. Tools go to the
/// template, or into the system's message where the template knows none. Throws ApiError 400 where the
/// model has no template, or the template refuses the messages.
std::vector<TokenId> chat_tokens(const ServedModel& model, nlohmann::ordered_json messages,
                                 const nlohmann::ordered_json& tools, bool tool_required);

}  // namespace everform::server
