// A model whose logits depend on everything that a sequence has seen, and a sink that keeps what it hears.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/server/running_job.h"
#include "tests/core/decoding/fake_model.h"

namespace everform::test {

/// Logits are pseudo-random numbers of the sequence's tokens, so that one token too many, too few or from
/// another sequence changes what is drawn. It writes letters, and now and then the end token.
class HistoryModel : public StepModel {
 public:
  struct Sequence : SequenceState {
    std::vector<TokenId> tokens;
    std::size_t length() const override { return tokens.size(); }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<Sequence>(*this); }
    void truncate(std::size_t length) override { tokens.resize(std::min(length, tokens.size())); }
  };

  explicit HistoryModel(std::size_t context = 1000) : context_(context) {}

  std::chrono::microseconds time_per_token{0};  ///< of a prompt
  std::chrono::microseconds time_per_step{0};
  mutable std::atomic<std::size_t> fed{0};
  mutable std::atomic<std::size_t> largest_batch{0};
  TokenId poison = -1;  ///< a token after which the logits are NaN

  std::size_t vocabulary() const override { return 258; }
  std::size_t context() const override { return context_; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<Sequence>(); }
  std::size_t cache_bytes_per_token() const override { return 1000; }

  void prefill(SequenceState& state, std::span<const TokenId> tokens,
               std::span<float> logits) const override {
    std::this_thread::sleep_for(time_per_token * tokens.size());
    for (const TokenId token : tokens) {
      feed(state, token);
    }
    write(state, logits);
  }
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      feed(state, tokens[i]);
      write(state, logits.subspan(i * 258, 258));
    }
  }
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override {
    std::this_thread::sleep_for(time_per_step);
    largest_batch = std::max(largest_batch.load(), states.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
      feed(*states[i], tokens[i]);
      write(*states[i], logits.subspan(i * 258, 258));
    }
  }

 private:
  void feed(SequenceState& state, TokenId token) const {
    auto& seen = dynamic_cast<Sequence&>(state).tokens;
    if (seen.size() >= context_) {
      throw Error(ErrorKind::kUsage, "feeding the model", "too many tokens");
    }
    seen.push_back(token);
    ++fed;
  }
  void write(SequenceState& state, std::span<float> logits) const {
    const auto& seen = dynamic_cast<Sequence&>(state).tokens;
    std::uint64_t hash = 0;
    for (const TokenId token : seen) {
      hash = hash * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(token) + 1;
    }
    RandomStream random(hash, "logits");
    std::fill(logits.begin(), logits.end(), -20.0F);
    for (TokenId letter = 'a'; letter <= 'z'; ++letter) {
      logits[static_cast<std::size_t>(letter)] = static_cast<float>(random.uniform(0, 4));
    }
    logits[ByteTokenizer::kEnd] = static_cast<float>(random.uniform(-6, 3));
    if (seen.back() == poison) {
      logits[0] = std::numeric_limits<float>::quiet_NaN();
    }
  }

  std::size_t context_;
};

/// Keeps everything that it hears; any thread may look.
class KeptAnswer : public server::JobSink {
 public:
  void on_prompt(std::vector<server::ScoredToken> tokens) override {
    const std::lock_guard lock(mutex_);
    prompt_ = std::move(tokens);
  }
  void on_piece(server::JobPiece piece) override {
    const std::lock_guard lock(mutex_);
    text_ += piece.text;
    tokens_.insert(tokens_.end(), piece.tokens.begin(), piece.tokens.end());
    ++pieces_;
    if (after_piece) {
      after_piece();
    }
  }
  void on_end(const server::JobEnd& end) override {
    const std::lock_guard lock(mutex_);
    end_ = end;
    ++ends_;
  }

  std::string text() const { return locked(text_); }
  std::vector<server::ScoredToken> prompt() const { return locked(prompt_); }
  std::vector<server::ScoredToken> tokens() const { return locked(tokens_); }
  server::JobEnd end() const { return locked(end_); }
  int ends() const { return locked(ends_); }
  int pieces() const { return locked(pieces_); }

  std::function<void()> after_piece;

 private:
  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::string text_;
  std::vector<server::ScoredToken> prompt_;
  std::vector<server::ScoredToken> tokens_;
  server::JobEnd end_;
  int ends_ = 0;
  int pieces_ = 0;
};

inline std::vector<TokenId> byte_tokens(const std::string& text) {
  return ByteTokenizer().encode(text).ids;
}

}  // namespace everform::test
