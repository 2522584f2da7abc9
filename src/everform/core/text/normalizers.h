// Rewriting a text before it is cut: Unicode forms, case, replacements. Every step keeps track of where its
// bytes came from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/mapped_text.h"
#include "everform/core/text/regex.h"

namespace everform::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(MappedText& text) const = 0;
};

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };
/// The normalization forms of Unicode (UAX 15). Invalid bytes stay.
std::unique_ptr<Normalizer> make_unicode_form(UnicodeForm form);

/// Unicode's unconditional lower case, a character at a time.
std::unique_ptr<Normalizer> make_lowercase();
/// Drops the characters for which `drops` holds.
std::unique_ptr<Normalizer> make_filter(std::function<bool(char32_t)> drops);
/// Drops white space at the left and right end.
std::unique_ptr<Normalizer> make_strip(bool left, bool right);
/// Puts a text in front, unless the text is empty.
std::unique_ptr<Normalizer> make_prepend(std::string content);
std::unique_ptr<Normalizer> make_replace(std::string literal, std::string content);
std::unique_ptr<Normalizer> make_regex_replace(Regex pattern, std::string content);
/// SentencePiece's compiled table of replacements, in base64. Throws Error{kBadInput} at `where` for a broken
/// one.
std::unique_ptr<Normalizer> make_precompiled(const std::string& base64, const std::string& where);
/// Each byte as a character of the byte alphabet.
std::unique_ptr<Normalizer> make_byte_level();
std::unique_ptr<Normalizer> make_sequence(std::vector<std::unique_ptr<Normalizer>> steps);

struct BertNormalizerOptions {
  bool clean_text = true;            ///< controls go, white space becomes a space
  bool handle_chinese_chars = true;  ///< a space on both sides of each
  bool strip_accents = true;
  bool lowercase = true;
};
/// The cleaning of BERT (Devlin et al. 2019).
std::unique_ptr<Normalizer> make_bert_normalizer(const BertNormalizerOptions& options);

/// `text` with every `from` replaced by `to`; unchanged where `from` is empty.
std::string replace_all(const std::string& text, std::string_view from, std::string_view to);
/// What a normalizer makes of a text on its own.
std::string normalized(const Normalizer* normalizer, const std::string& text);

}  // namespace everform::text
