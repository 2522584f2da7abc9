// Ids and the pieces they spell, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform::text {

/// A fast, stable 64-bit hash of bytes (not for hostile keys that must not collide).
std::uint64_t hash_bytes(std::string_view bytes);

/// Pieces by id. Ids may have holes; every piece has one id.
class Vocabulary {
 public:
  /// The largest id that a vocabulary of so many pieces may use: holes between ids cost memory that a small
  /// file must not ask for.
  static TokenId largest_id(std::size_t pieces);

  /// @param where the file, for messages
  /// @param pieces how many will be added, at most
  Vocabulary(std::string where, std::size_t pieces);

  /// Throws Error{kBadInput} for an id outside [0, largest_id(pieces)] or taken already, and for a piece that
  /// is there already.
  void add(TokenId id, std::string_view piece);
  /// As add, but a piece that is there already keeps its first id, and only its text is remembered for the
  /// new one.
  void add_duplicate(TokenId id, std::string_view piece);

  /// One more than the largest id.
  std::size_t size() const { return entries_.size(); }
  bool has(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < entries_.size() &&
           entries_[static_cast<std::size_t>(id)].present;
  }
  /// Empty for a hole.
  std::string_view piece(TokenId id) const;
  /// The id of a piece that text may become: hidden ones are not found.
  std::optional<TokenId> find(std::string_view piece) const;
  /// Hidden ones too.
  std::optional<TokenId> find_any(std::string_view piece) const;
  /// Makes a piece (a special token) unreachable from text. It keeps its id.
  void hide(TokenId id);
  bool hidden(TokenId id) const { return has(id) && entries_[static_cast<std::size_t>(id)].hidden; }
  const std::string& where() const { return where_; }

 private:
  struct Entry {
    std::size_t begin = 0;
    std::uint32_t length = 0;
    bool present = false;
    bool hidden = false;
  };

  void store(TokenId id, std::string_view piece);
  void grow();
  std::size_t slot_of(std::string_view piece) const;

  std::string where_;
  TokenId largest_id_;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<TokenId> slots_;  ///< open addressing; -1 is free
  std::size_t used_ = 0;
};

}  // namespace everform::text
