// Asks a constraint about texts, and lets a model of random logits write under it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/constraints/constraint.h"
#include "tests/core/decoding/fake_model.h"

namespace everform::test {

/// A vocabulary of all bytes, "ab" and an end token.
inline ConstraintVocabulary byte_vocabulary() {
  return {std::make_shared<ByteTokenizer>(), {ByteTokenizer::kEnd}};
}

inline bool allows(LogitsProcessor& processor, const std::vector<TokenId>& context, TokenId token,
                   std::size_t vocabulary) {
  std::vector<float> logits(vocabulary, 0.0F);
  processor.apply(context, logits);
  return !std::isinf(logits[static_cast<std::size_t>(token)]);
}

/// Whether a constraint on byte_vocabulary() lets this text be written byte by byte and end there.
inline bool accepts(const Constraint& constraint, const std::string& text) {
  const auto processor = constraint.begin(0);
  std::vector<TokenId> context;
  for (const char byte : text) {
    const TokenId token = static_cast<unsigned char>(byte);
    if (!allows(*processor, context, token, 258)) {
      return false;
    }
    context.push_back(token);
  }
  return allows(*processor, context, ByteTokenizer::kEnd, 258);
}

/// The error of a form that is refused.
template <typename Make>
Error refusal(const Make& make) {
  try {
    make();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "it was taken";
  return {ErrorKind::kFailed, "", ""};
}

struct RandomText {
  std::string text;
  std::vector<TokenId> ids;
  bool ended = false;
};

/// Greedy over random logits. Tokens that close something grow likelier with the text's length, so that it
/// ends. No mask may be empty.
inline RandomText write_at_random(const Constraint& constraint, const ConstraintVocabulary& vocabulary,
                                  std::uint64_t seed, std::size_t max_tokens) {
  static const Tokenizer* known = nullptr;
  static std::vector<float> closes;  // 1 or 0
  static std::vector<float> noise;
  const Tokenizer& tokenizer = *vocabulary.tokenizer;
  const std::size_t size = tokenizer.vocabulary_size();
  if (known != &tokenizer) {
    known = &tokenizer;
    closes.assign(size, 0.0F);
    noise.resize(2 * size);
    RandomStream(0, "noise").fill_uniform(noise);
    for (std::size_t i = 0; i < size; ++i) {
      const auto id = static_cast<TokenId>(i);
      const std::string bytes = tokenizer.token_bytes(id);
      const bool any = tokenizer.is_special(id) || bytes.find_first_of("\"]}") != std::string::npos ||
                       bytes.find("null") != std::string::npos;
      closes[i] = any ? 1.0F : 0.0F;
    }
  }
  const auto processor = constraint.begin(0);
  std::vector<TokenId> context;
  std::vector<float> logits(size);
  RandomText result;
  while (context.size() < max_tokens) {
    const std::size_t shift = RandomStream(seed, "random text", context.size()).below(size);
    const float bonus = 0.1F + 0.02F * static_cast<float>(context.size());
    for (std::size_t i = 0; i < size; ++i) {
      logits[i] = noise[i + shift] + bonus * closes[i];
    }
    processor->apply(context, logits);
    std::size_t best = 0;
    for (std::size_t i = 1; i < size; ++i) {
      best = logits[i] > logits[best] ? i : best;
    }
    if (std::isinf(logits[best])) {
      ADD_FAILURE() << "an empty mask after " << result.text;
      return result;
    }
    context.push_back(static_cast<TokenId>(best));
    if (tokenizer.is_special(context.back())) {
      result.ended = true;
      break;
    }
    result.text += tokenizer.token_bytes(context.back());
  }
  result.ids = std::move(context);
  return result;
}

}  // namespace everform::test
