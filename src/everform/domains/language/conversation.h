// Conversations to learn from: messages in OpenAI's form, and which tokens of them are answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/io/sample.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

/// A list of {"role", "content"}; roles are system, user and assistant.
using Conversation = nlohmann::ordered_json;

/// Reads JSON Lines, one {"messages": [...]} a line, each with at least one answer of the assistant. Blank
/// lines are skipped. Throws Error{kBadInput} at NAME:LINE for anything else, and where there is no line.
std::vector<Conversation> parse_conversations(std::string_view jsonl, const std::string& name);
std::vector<Conversation> read_conversations(const std::filesystem::path& path);

/// Tokens, and for each whether it is to be learned.
struct MaskedTokens {
  std::vector<TokenId> ids;
  std::vector<std::uint8_t> learned;
};

/// The conversation in the model's template. Learned is what the assistant says, up to and with the token
/// that ends its turn; what the template writes to open a turn is not. Throws Error{kBadInput} where the
/// template changes earlier turns when a new one comes, so that no place in it can be told to be an answer's.
MaskedTokens mask_prompts(const Tokenizer& tokenizer, const std::string& chat_template,
                          const Conversation& conversation);

/// Runs of `length` tokens of a text, all learned; the rest at the end is dropped. Throws Error{kBadInput}
/// where there is not one.
std::vector<MaskedTokens> cut_text(const Tokenizer& tokenizer, std::string_view text, std::size_t length);

/// For next-token training: `tokens` and `targets` (the token one later) int64, `mask` uint8, all of length
/// ids - 1 and padded at their ends to the longest of a batch. Longer ones are cut to `longest` + 1 ids.
Sample next_token_sample(const MaskedTokens& tokens, std::size_t longest);

}  // namespace everform
