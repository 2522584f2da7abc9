// A model whose next-token logits are a table of the last token, and a tokenizer of bytes: every answer can
// be worked out by hand.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/text/tokenizer.h"

namespace everform::test {

class FakeModel : public StepModel {
 public:
  struct Sequence : SequenceState {
    std::vector<TokenId> tokens;
    std::size_t length() const override { return tokens.size(); }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<Sequence>(*this); }
    void truncate(std::size_t length) override { tokens.resize(std::min(length, tokens.size())); }
  };

  FakeModel(std::size_t vocabulary, std::size_t context) : vocabulary_(vocabulary), context_(context) {}

  /// The logits after `token`, where they are not all zero.
  std::map<TokenId, std::vector<float>> after;
  /// How many tokens were fed in all.
  mutable std::size_t fed = 0;

  std::size_t vocabulary() const override { return vocabulary_; }
  std::size_t context() const override { return context_; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<Sequence>(); }
  std::size_t cache_bytes_per_token() const override { return sizeof(TokenId); }

  void prefill(SequenceState& state, std::span<const TokenId> tokens,
               std::span<float> logits) const override {
    for (const TokenId token : tokens) {
      feed(state, token, logits);
    }
  }
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      feed(state, tokens[i], logits.subspan(i * vocabulary_, vocabulary_));
    }
  }
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override {
    for (std::size_t i = 0; i < states.size(); ++i) {
      feed(*states[i], tokens[i], logits.subspan(i * vocabulary_, vocabulary_));
    }
  }

 private:
  void feed(SequenceState& state, TokenId token, std::span<float> logits) const {
    auto& seen = dynamic_cast<Sequence&>(state).tokens;
    if (seen.size() >= context_) {
      throw Error(ErrorKind::kUsage, "feeding the fake model", "too many tokens");
    }
    seen.push_back(token);
    ++fed;
    const auto row = after.find(token);
    for (std::size_t i = 0; i < vocabulary_; ++i) {
      logits[i] = row == after.end() ? 0.0F : row->second[i];
    }
  }

  std::size_t vocabulary_;
  std::size_t context_;
};

/// Tokens 0..255 are bytes, 256 is "<end>", special; 257 spells "ab".
class ByteTokenizer : public Tokenizer {
 public:
  static constexpr TokenId kEnd = 256;
  static constexpr TokenId kPair = 257;

  std::string kind() const override { return "characters"; }
  std::size_t vocabulary_size() const override { return 258; }
  Encoding encode(std::string_view text, const EncodeOptions& /*options*/ = {}) const override {
    Encoding encoding;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool pair = text.substr(i, 2) == "ab";
      encoding.ids.push_back(pair ? kPair : static_cast<unsigned char>(text[i]));
      encoding.offsets.emplace_back(i, i + (pair ? 2 : 1));
      i += pair ? 1 : 0;
    }
    return encoding;
  }
  std::string decode(std::span<const TokenId> ids, bool /*keep_specials*/ = false) const override {
    std::string text;
    for (const TokenId id : ids) {
      text += token_bytes(id);
    }
    return text;
  }
  std::string token_bytes(TokenId id) const override {
    return id == kPair ? "ab" : id == kEnd ? "<end>" : std::string(1, static_cast<char>(id));
  }
  std::string piece(TokenId id) const override { return token_bytes(id); }
  std::optional<TokenId> find_piece(std::string_view /*piece*/) const override { return std::nullopt; }
  bool is_special(TokenId id) const override { return id == kEnd; }
  std::optional<TokenId> bos() const override { return bos_; }

  std::optional<TokenId> bos_;
};

/// A model that writes `text` for certain after '>', then the end token. No character may occur twice.
inline FakeModel scripted_model(const std::string& text, std::size_t context = 1000) {
  FakeModel model(258, context);
  TokenId last = '>';
  const auto says = [&](TokenId next) {
    std::vector<float> row(258, 0.0F);
    row[static_cast<std::size_t>(next)] = 100.0F;
    model.after[last] = row;
    last = next;
  };
  for (const char byte : text) {
    says(static_cast<unsigned char>(byte));
  }
  says(ByteTokenizer::kEnd);
  return model;
}

}  // namespace everform::test
