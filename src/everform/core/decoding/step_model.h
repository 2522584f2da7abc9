// A decoder as a machine that turns tokens into logits, one step at a time: the plain path, the fast engine
// and libtorch models alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform {

/// What one sequence has seen so far (its key-value cache). Made by its StepModel.
class SequenceState {
 public:
  virtual ~SequenceState() = default;
  /// Tokens seen.
  virtual std::size_t length() const = 0;
  virtual std::unique_ptr<SequenceState> clone() const = 0;
  /// Forgets everything after the first `length` tokens.
  virtual void truncate(std::size_t length) = 0;
};

class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual std::size_t vocabulary() const = 0;
  /// Longest sequence; feeding more throws Error{kUsage}.
  virtual std::size_t context() const = 0;
  virtual std::unique_ptr<SequenceState> new_sequence() const = 0;
  /// Bytes that a sequence keeps for one token.
  virtual std::size_t cache_bytes_per_token() const = 0;

  /// Feeds tokens and writes logits after the last of them. @param logits [vocabulary]
  virtual void prefill(SequenceState& state, std::span<const TokenId> tokens,
                       std::span<float> logits) const = 0;
  /// As prefill, with logits after every token. @param logits [tokens, vocabulary]
  virtual void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                           std::span<float> logits) const = 0;
  /// One token for each of several sequences. @param logits [sequences, vocabulary]
  virtual void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
                    std::span<float> logits) const = 0;
};

}  // namespace everform
