// A model whose probabilities one knows, and a tokenizer with a token for each byte.
#pragma once

#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include "everform/core/decoding/step_model.h"
#include "everform/core/text/tokenizer.h"

namespace everform::test {

/// Token b is byte b; 256 is the end of a text.
class ByteTokenizer : public Tokenizer {
 public:
  std::string kind() const override { return "bytes"; }
  std::size_t vocabulary_size() const override { return 257; }
  Encoding encode(std::string_view text, const EncodeOptions&) const override {
    Encoding encoding;
    for (std::size_t i = 0; i < text.size(); ++i) {
      encoding.ids.push_back(static_cast<unsigned char>(text[i]));
      encoding.offsets.emplace_back(i, i + 1);
    }
    return encoding;
  }
  std::string decode(std::span<const TokenId> ids, bool) const override {
    std::string text;
    for (const TokenId id : ids) {
      text += token_bytes(id);
    }
    return text;
  }
  std::string token_bytes(TokenId id) const override {
    return id == 256 ? "" : std::string(1, static_cast<char>(id));
  }
  std::string piece(TokenId id) const override { return token_bytes(id); }
  std::optional<TokenId> find_piece(std::string_view) const override { return std::nullopt; }
  bool is_special(TokenId id) const override { return id == 256; }
  std::optional<TokenId> eos() const override { return 256; }
};

/// P(next | all tokens so far) from a function that gives a row of probabilities, [257], which need not sum
/// to 1.
class FakeModel : public StepModel {
 public:
  using Distribution = std::function<std::vector<double>(std::span<const TokenId> seen)>;
  explicit FakeModel(Distribution distribution, std::size_t context = 512)
      : distribution_(std::move(distribution)), context_(context) {}

  std::size_t vocabulary() const override { return 257; }
  std::size_t context() const override { return context_; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<State>(); }
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
      feed(state, tokens[i], logits.subspan(i * 257, 257));
    }
  }
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override {
    for (std::size_t i = 0; i < states.size(); ++i) {
      feed(*states[i], tokens[i], logits.subspan(i * 257, 257));
    }
  }

 private:
  struct State : SequenceState {
    std::vector<TokenId> seen;
    std::size_t length() const override { return seen.size(); }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<State>(*this); }
    void truncate(std::size_t length) override { seen.resize(length); }
  };

  void feed(SequenceState& state, TokenId token, std::span<float> logits) const {
    auto& seen = dynamic_cast<State&>(state).seen;
    seen.push_back(token);
    if (seen.size() > context_) {
      throw std::logic_error("fed more than the context");
    }
    const std::vector<double> row = distribution_(seen);
    for (std::size_t i = 0; i < row.size(); ++i) {
      logits[i] = static_cast<float>(std::log(row[i]) + 3.0);  // logits need not be normalised
    }
  }

  Distribution distribution_;
  std::size_t context_;
};

}  // namespace everform::test
