// Remembers the tokens of short pieces: most words of a text have been seen before.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform::text {

/// A direct-mapped table, one cache line an entry: a piece of up to 23 bytes and its up to 9 tokens. A newer
/// piece replaces an older one.
class PretokenCache {
 public:
  static constexpr std::size_t kLongestPiece = 23;
  static constexpr std::size_t kMostTokens = 9;

  /// A piece as three words: its bytes, zeros, its length in the last byte.
  struct Key {
    std::array<std::uint64_t, 3> words{};
    bool operator==(const Key&) const = default;
  };

  struct alignas(64) Entry {
    Key key;
    std::uint32_t count = 0;  ///< 0: free
    std::array<TokenId, kMostTokens> ids{};
  };

  PretokenCache() : entries_(kEntries) {}

  /// @param readable bytes that may be read from piece.data() on; at least 24 makes the key cheap
  static Key make_key(std::string_view piece, std::size_t readable) {
    Key key;
    if (readable >= sizeof key.words) {
      std::memcpy(key.words.data(), piece.data(), sizeof key.words);
      for (std::size_t word = 0; word < 3; ++word) {
        const std::size_t begin = word * 8;
        const std::size_t bytes = piece.size() > begin ? piece.size() - begin : 0;
        if (bytes < 8) {
          key.words[word] &= (std::uint64_t{1} << (8 * bytes)) - 1;
        }
      }
    } else {
      std::memcpy(key.words.data(), piece.data(), piece.size());
    }
    key.words[2] |= static_cast<std::uint64_t>(piece.size()) << 56;
    return key;
  }

  /// The entry where the key is or would be.
  Entry& slot(const Key& key) {
    std::uint64_t hash = key.words[0] * 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ (hash >> 32) ^ key.words[1]) * 0xd6e8feb86659fd93ULL;
    hash = (hash ^ (hash >> 32) ^ key.words[2]) * 0xa0761d6478bd642fULL;
    return entries_[hash >> (64 - kIndexBits)];
  }

 private:
  static constexpr int kIndexBits = 15;
  static constexpr std::size_t kEntries = std::size_t{1} << kIndexBits;
  static_assert(std::endian::native == std::endian::little, "keys are compared as little-endian words");

  std::vector<Entry> entries_;
};
static_assert(sizeof(PretokenCache::Entry) == 64);

}  // namespace everform::text
