// Tokens that are matched in the text itself, before anything else: special ones and others a vocabulary was
// extended by.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/byte_trie.h"
#include "everform/core/text/regex.h"
#include "everform/core/text/tokenizer.h"

namespace everform::text {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;
  bool single_word = false;  ///< only where no word character stands beside it
  bool strip_left = false;   ///< takes the white space before it
  bool strip_right = false;  ///< and after it
  bool normalized = false;   ///< matched in the normalized text
};

/// A part of a text: an added token, or the text between two of them.
struct AddedPart {
  Range range;
  const AddedToken* token = nullptr;
};

/// Whether a match touches one of `options.literal`.
bool is_literal(const EncodeOptions& options, Range match);

class AddedTokens {
 public:
  /// Tokens with empty content are never matched.
  void add(AddedToken token);
  /// Prepares matching. @param normalize gives the form in which `normalized` tokens are looked for
  template <typename Normalize>
  void finish(Normalize normalize) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      enter(i, tokens_[i].normalized ? normalize(tokens_[i].content) : tokens_[i].content);
    }
  }

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  /// nullptr where the id is none of these.
  const AddedToken* find(TokenId id) const;
  const AddedToken* find(std::string_view content) const;
  bool any(bool normalized, bool specials) const { return !trie(normalized, specials).empty(); }

  /// Cuts a text at its added tokens: leftmost first, the longest of those that begin at one place.
  /// @param normalized looks for the normalized ones in a normalized text, otherwise for the others in the
  /// text as it is
  /// @param specials whether special tokens are looked for at all
  /// @param accepts asked about every match of a special token, where given; a refused one stays text
  std::vector<AddedPart> split(std::string_view text, bool normalized, bool specials,
                               const std::function<bool(Range)>& accepts = nullptr) const;

 private:
  void enter(std::size_t index, const std::string& form);
  const ByteTrie& trie(bool normalized, bool specials) const {
    return tries_[(normalized ? 2U : 0U) + (specials ? 1U : 0U)];
  }

  std::vector<AddedToken> tokens_;
  std::array<ByteTrie, 4> tries_;
};

}  // namespace everform::text
