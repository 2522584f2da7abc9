// What a decoder is tuned on: conversations or text, as pieces of tokens and as samples.
#pragma once

#include <filesystem>
#include <vector>

#include "everform/core/io/sample_supply.h"
#include "everform/domains/language/conversation.h"
#include "everform/domains/language/language_model.h"

namespace everform {

/// Conversations of a .jsonl file in the model's own template, or runs of `length` + 1 tokens of a text.
std::vector<MaskedTokens> read_pieces(const std::filesystem::path& path, const LanguageModel& model,
                                      std::size_t length);

/// The pieces as next-token samples (see next_token_sample); their tokens and the seed are the identity.
SampleSupply piece_samples(std::vector<MaskedTokens> pieces, std::size_t longest, std::uint64_t seed);

}  // namespace everform
