// Tokens by their bytes, in the order in which a machine can try them all at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/constraints/byte_bits.h"
#include "everform/core/text/tokenizer.h"

namespace everform::constraints {

/// A trie as arrays in preorder: a node's children follow it, and skip() leads past them. Node 0 is the first
/// byte of the first token; there is no root.
class TokenTrie {
 public:
  struct Entry {
    std::string_view bytes;  ///< not empty
    TokenId token = 0;

    auto operator<=>(const Entry&) const = default;
  };

  TokenTrie() = default;
  explicit TokenTrie(std::vector<Entry> entries);

  std::size_t nodes() const { return bytes_.size(); }
  std::uint8_t byte(std::size_t node) const { return bytes_[node]; }
  /// Bytes from the beginning of a token to this node, itself included.
  std::size_t depth(std::size_t node) const { return depths_[node]; }
  /// The next node that is not below this one.
  std::size_t skip(std::size_t node) const { return skips_[node]; }
  /// Tokens that end at this node.
  std::span<const TokenId> tokens(std::size_t node) const {
    return std::span(tokens_).subspan(first_token_[node], first_token_[node + 1] - first_token_[node]);
  }
  /// Tokens that end at this node or below it.
  std::span<const TokenId> tokens_from(std::size_t node) const {
    return std::span(tokens_).subspan(first_token_[node], first_token_[skips_[node]] - first_token_[node]);
  }
  std::size_t longest() const { return longest_; }
  /// Bytes of memory.
  std::size_t memory() const;

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint32_t> depths_;
  std::vector<std::uint32_t> skips_;
  std::vector<std::uint32_t> first_token_ = {0};
  std::vector<TokenId> tokens_;
  std::size_t longest_ = 0;
};

/// What is below each node of a trie.
class SubtreeBytes {
 public:
  SubtreeBytes() = default;
  explicit SubtreeBytes(const TokenTrie& trie);
  /// Which bytes occur below a node.
  const ByteBits& bytes(std::size_t node) const { return bytes_[node]; }
  /// Bytes of the longest way down from a node.
  std::size_t height(std::size_t node) const { return heights_[node]; }

 private:
  std::vector<ByteBits> bytes_;
  std::vector<std::uint32_t> heights_;
};

/// What constraints need of a tokenizer, made once for it.
struct VocabularyTrie {
  TokenTrie trie;                   ///< tokens that spell bytes; no special ones
  SubtreeBytes below;               ///< of the trie
  std::vector<std::string> bytes;   ///< of every token; empty for special ones
  std::array<bool, 256> spelled{};  ///< bytes that are a token by themselves
};

/// The trie of a tokenizer; asked again while the tokenizer lives, the same one. May be called from several
/// threads.
std::shared_ptr<const VocabularyTrie> vocabulary_trie(const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace everform::constraints
