// Checks of a decoder that anybody can run on the spot: its cache, its reading of rotary rows, and models
// without knowledge.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "everform/core/base/check_count.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/recipes/transformer_config.h"
#include "everform/domains/language/language_model.h"

namespace everform {

/// Largest difference of any logit from those of reading all tokens at once, by how the tokens are fed:
/// "chunks of 1", "chunks of 7", "chunks of 64", "no cache" (a fresh sequence for each of eight prefixes),
/// "batch" (eight prefixes of different length, their last tokens in one step).
std::map<std::string, double> cache_differences(const StepModel& model, std::span<const TokenId> tokens);

/// The decoder with Q and K rows left as llama-architecture GGUF files store them, interleaved rotary pairs:
/// what a reader gets that skips the un-permute.
std::unique_ptr<StepModel> load_without_unpermute(DecoderCheckpoint& checkpoint);

/// A decoder that has learned nothing: matrices N(0, 0.02^2), gains 1, biases 0; a function of the seed and
/// the tensors' names.
std::unique_ptr<StepModel> make_random_decoder(const TransformerConfig& config, std::uint64_t seed);

/// Whether the greedy continuations are those of the independent implementation, one check each.
CheckCount check_continuations(const LanguageModel& model);

/// Rank, from 1, of " Paris" after "The capital of France is" among ten capitals, by log-likelihood.
std::size_t rank_of_paris(const LanguageModel& model);

}  // namespace everform
