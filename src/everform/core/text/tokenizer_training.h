// Learning a vocabulary from a text. The result is a tokenizer.json, for load_tokenizer() and for other
// programs alike.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform {

struct TokenizerTraining {
  /// "bpe" (over bytes), "unigram", "wordpiece", "characters", or "bytes" (no learning: the 256 bytes).
  std::string kind = "bpe";
  /// Entries of the vocabulary, special tokens included. Fewer come out where the text gives no more; for
  /// "characters" it is a limit.
  std::size_t vocabulary = 8192;
  /// Special tokens, first in the vocabulary. Where the text spells one it is cut there and the token itself
  /// is not counted.
  std::vector<std::string> specials = {"<|endoftext|>"};
  /// How "bpe" cuts words: a style of published vocabularies ("gpt-2", "smollm", "llama-bpe", "qwen2", ...).
  std::string split = "gpt-2";
  /// Pairs ("bpe", "wordpiece") that occur less often are not merged.
  std::size_t min_count = 2;
  /// "wordpiece" only: BERT's lower-casing and accent-stripping.
  bool lowercase = true;
};

/// Kinds that can be trained.
const std::vector<std::string>& tokenizer_kinds();

/// Trains on a text (any bytes) and returns the tokenizer.json.
///   bpe: the most frequent pair is merged first, of equally frequent ones the lexicographically greatest
///   (Sennrich et al. 2016). wordpiece: pieces learned the same way over characters, used by greedy longest
///   match. unigram: expectation-maximisation from all frequent substrings, pruned by loss (Kudo 2018).
/// Throws Error{kUsage} for options that cannot be met, Error{kInterrupted} on Ctrl-C.
nlohmann::json train_tokenizer(std::string_view text, const TokenizerTraining& options);

/// A tokenizer from a tokenizer.json in memory. @param where for messages
std::shared_ptr<Tokenizer> make_tokenizer(const nlohmann::json& tokenizer_json, const std::string& where);

}  // namespace everform
