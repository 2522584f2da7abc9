// Cutting a text into the pieces that a model sees one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/text/mapped_text.h"
#include "everform/core/text/regex.h"

namespace everform::text {

/// A text with its cuts. Pieces are in order and don't overlap; bytes between them are dropped.
struct PreTokenized {
  struct Piece {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  MappedText text;
  std::vector<Piece> pieces;
};

/// One step. Steps only cut pieces further or rewrite their bytes.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PreTokenized& target) const = 0;
  /// A text may be cut in two at a line start (see find_line_start) without changing its pieces.
  virtual bool keeps_line_starts() const { return false; }
};

/// The first place at or after `from` where an ASCII letter or digit follows a line feed that follows a
/// printing ASCII character; the text's end where there is none.
std::size_t find_line_start(std::string_view text, std::size_t from);

/// What becomes of the parts that a pattern matches (names of tokenizer.json).
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Cuts at every match of a pattern; `invert` swaps matches and the text between them.
std::unique_ptr<PreTokenizer> make_split(Regex pattern, SplitBehavior behavior, bool invert);
/// Cuts at every occurrence of a text.
std::unique_ptr<PreTokenizer> make_literal_split(std::string literal, SplitBehavior behavior, bool invert);
/// Cuts at every character (or invalid byte) for which `matches` holds.
std::unique_ptr<PreTokenizer> make_character_split(std::function<bool(char32_t)> matches,
                                                   SplitBehavior behavior);
/// Runs of \w and of what is neither \w nor white space; white space is dropped.
std::unique_ptr<PreTokenizer> make_whitespace_words();

/// Individual digits, then GPT-2's pattern between them, in one pass.
std::unique_ptr<PreTokenizer> make_gpt2_digits_split();
/// GPT-2's pattern.
std::unique_ptr<PreTokenizer> make_gpt2_split();

/// A space before each piece that does not begin with one.
std::unique_ptr<PreTokenizer> make_prefix_space();
/// Each byte as a character of the byte alphabet. Left out where the model takes bytes.
std::unique_ptr<PreTokenizer> make_byte_spelling();

enum class PrependScheme { kFirst, kNever, kAlways };
/// Spaces become `replacement`, one goes in front by the scheme (kFirst: only where the original text
/// begins), cuts before each.
std::unique_ptr<PreTokenizer> make_metaspace(std::string replacement, PrependScheme scheme, bool split);

}  // namespace everform::text
