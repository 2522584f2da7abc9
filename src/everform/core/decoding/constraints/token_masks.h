// Which tokens may come next, for every place of a machine; worked out once and kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "everform/core/decoding/constraints/stack_machine.h"
#include "everform/core/decoding/constraints/token_trie.h"

namespace everform::constraints {

/// A set of tokens, one bit each.
class TokenSet {
 public:
  /// All of `tokens` are out.
  void reset(std::size_t tokens) { words_.assign((tokens + 63) / 64, 0); }
  void add(TokenId token) {
    words_[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (static_cast<unsigned>(token) % 64);
  }
  void add(const TokenSet& other);
  bool contains(TokenId token) const {
    return (words_[static_cast<std::size_t>(token) / 64] >> (static_cast<unsigned>(token) % 64) & 1U) != 0;
  }
  bool empty() const;
  /// Logits of tokens outside the set, and beyond its size, become minus infinity.
  void mask(std::span<float> logits) const;
  std::size_t memory() const { return words_.size() * sizeof(std::uint64_t); }

 private:
  std::vector<std::uint64_t> words_;
};

/// A token's bytes read from a state lead either nowhere, or somewhere inside the rule and what it calls, or
/// out of the rule's end. The first two depend on the state alone and are kept per state; of the third, what
/// is left of the token after the end is kept as a small trie, to be tried in what the rule returns to.
/// May be used from several threads.
class TokenMasks {
 public:
  /// Beyond this many bytes, what was kept is worked out again when it is needed.
  static constexpr std::size_t kMaxMemory = std::size_t{64} << 20;

  TokenMasks(std::shared_ptr<const Machine> machine, std::shared_ptr<const VocabularyTrie> vocabulary)
      : machine_(std::move(machine)), vocabulary_(std::move(vocabulary)) {}

  /// Adds the tokens that may follow where the text can be read as `configs`. @param stacks has their frames;
  /// is as before afterwards
  void add_allowed(StackMachine& stacks, std::span<const Config> configs, TokenSet& allowed) const;

  const Machine& machine() const { return *machine_; }
  const VocabularyTrie& vocabulary() const { return *vocabulary_; }

 private:
  struct Local {
    TokenSet many;             ///< tokens that stay in the rule, where they are many
    std::vector<TokenId> few;  ///< the same, where they are few
    TokenTrie after_end;       ///< what is left of tokens that leave it
    std::size_t memory = 0;
  };

  std::shared_ptr<const Local> local(const Config& config) const;
  std::shared_ptr<const Local> make_local(const Config& config) const;
  /// Whether every token below a node leads back to this very state.
  bool reads_all_below(const Config& config, std::size_t node) const;

  std::shared_ptr<const Machine> machine_;
  std::shared_ptr<const VocabularyTrie> vocabulary_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::uint64_t, std::shared_ptr<const Local>> locals_;
  mutable std::size_t memory_ = 0;
};

}  // namespace everform::constraints
