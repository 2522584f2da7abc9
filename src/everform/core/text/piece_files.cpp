#include <algorithm>
#include <nlohmann/json.hpp>

#include "everform/core/base/error.h"
#include "everform/core/text/bpe_model.h"
#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/json_fields.h"
#include "everform/core/text/merge_lists.h"
#include "everform/core/text/split_styles.h"
#include "everform/core/text/text_lines.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform::text {

namespace {

constexpr const char* kEndOfWord = "</w>";
constexpr const char* kClipPattern = R"((?i)'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+)";
constexpr std::size_t kClipMerges = 49152 - 256 - 2;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs read_merge_lines(const std::vector<std::string_view>& lines, std::size_t first, std::size_t most,
                       const std::string& where) {
  Pairs pairs;
  for (std::size_t i = first; i < lines.size() && pairs.size() < most; ++i) {
    if (lines[i].empty()) {
      continue;
    }
    const std::size_t space = lines[i].find(' ');
    if (space == std::string_view::npos || space == 0 ||
        lines[i].find(' ', space + 1) != std::string_view::npos || space + 1 == lines[i].size()) {
      throw Error(ErrorKind::kBadInput, where,
                  "line " + std::to_string(i + 1) + " of the merges is \"" + std::string(lines[i]) +
                      "\", not two pieces");
    }
    pairs.emplace_back(lines[i].substr(0, space), lines[i].substr(space + 1));
  }
  return pairs;
}

void add_special(const std::string& piece, Vocabulary& vocabulary, TokenizerParts& parts) {
  const auto id = vocabulary.find_any(piece);
  if (id && parts.added.find(*id) == nullptr) {
    vocabulary.hide(*id);
    parts.added.add({.id = *id, .content = piece, .special = true});
  }
}

// The way from text to CLIP's words: lower case, white space as one space, words that end in "</w>".
void finish_clip(std::shared_ptr<Vocabulary> vocabulary, const Pairs& pairs, TokenizerParts& parts) {
  for (const char* special : {"<|startoftext|>", "<|endoftext|>"}) {
    add_special(special, *vocabulary, parts);
  }
  const std::string& where = vocabulary->where();
  std::vector<std::unique_ptr<Normalizer>> steps;
  steps.push_back(make_unicode_form(UnicodeForm::kNfc));
  steps.push_back(make_regex_replace(Regex(R"(\s+)", RegexDialect::kRust, where), " "));
  steps.push_back(make_lowercase());
  parts.normalizer = make_sequence(std::move(steps));
  parts.pre_tokenizers.push_back(
      make_split(Regex(kClipPattern, RegexDialect::kRust, where), SplitBehavior::kRemoved, true));
  parts.model = std::make_unique<BpeModel>(vocabulary, merges_from_pairs(*vocabulary, pairs),
                                           BpeOptions{.bytes = true, .end_suffix = kEndOfWord});
  parts.decoders.push_back(make_byte_level_decoder());
  parts.decoders.push_back(make_suffix_decoder(kEndOfWord));
  parts.bos = vocabulary->find_any("<|startoftext|>");
  parts.eos = vocabulary->find_any("<|endoftext|>");
  parts.vocabulary = std::move(vocabulary);
}

void take_ends(const TokenizerSettings& settings, Vocabulary& vocabulary, TokenizerParts& parts) {
  for (const auto& special : {settings.bos, settings.eos, settings.cls, settings.sep, settings.unknown}) {
    if (special) {
      add_special(*special, vocabulary, parts);
    }
  }
  if (settings.bos) {
    parts.bos = vocabulary.find_any(*settings.bos);
  }
  if (settings.eos) {
    parts.eos = vocabulary.find_any(*settings.eos);
  }
}

void set_ends_as_template(const TokenizerSettings& settings, TokenizerParts& parts) {
  if (parts.bos) {
    parts.prefix = {*parts.bos};
  }
  if (parts.eos && settings.add_eos.value_or(false)) {
    parts.suffix = {*parts.eos};
  }
  parts.prefix_by_default = settings.add_bos.value_or(false);
  parts.suffix_by_default = settings.add_eos.value_or(false);
}

std::string pattern_of_class(const TokenizerSettings& settings, const std::string& where) {
  const std::string name = settings.tokenizer_class.value_or("GPT2Tokenizer");
  for (const char* gpt2 : {"GPT2", "Roberta", "Bart", "Longformer", "OPT", "Whisper", "LED", "Blenderbot"}) {
    if (name.starts_with(gpt2)) {
      return std::string(gpt2_pattern());
    }
  }
  if (name.starts_with("Qwen2")) {
    return std::string(qwen2_pattern());
  }
  throw Error(ErrorKind::kBadInput, where,
              "the tokenizer_class \"" + name + "\" is not supported without a tokenizer.json");
}

}  // namespace

TokenizerParts read_piece_files(const nlohmann::json& encoder, std::string_view merges,
                                const TokenizerSettings& settings, const std::string& where) {
  const JsonFields document(encoder, where, "");
  auto vocabulary = std::make_shared<Vocabulary>(where, encoder.size());
  bool words_end = false;
  for (const auto& [piece, id] : encoder.items()) {
    if (!id.is_number_integer() || id.get<double>() < 0 ||
        id.get<double>() > Vocabulary::largest_id(encoder.size())) {
      throw Error(ErrorKind::kBadInput, where, "\"" + piece + "\" has something that is no token id");
    }
    vocabulary->add(id.get<TokenId>(), piece);
    words_end = words_end || piece.ends_with(kEndOfWord);
  }
  const std::vector<std::string_view> lines = split_lines(merges);
  const std::size_t first = !lines.empty() && lines[0].starts_with("#version") ? 1 : 0;
  const Pairs pairs = read_merge_lines(lines, first, lines.size(), where);
  TokenizerParts parts;
  if (words_end) {
    finish_clip(vocabulary, pairs, parts);
    set_ends_as_template(settings, parts);
    return parts;
  }
  add_special("<|endoftext|>", *vocabulary, parts);
  parts.bos = parts.eos = vocabulary->find_any("<|endoftext|>");
  take_ends(settings, *vocabulary, parts);
  parts.pre_tokenizers.push_back(
      make_pattern_split(pattern_of_class(settings, where), RegexDialect::kRust, where));
  parts.model = std::make_unique<BpeModel>(vocabulary, merges_from_pairs(*vocabulary, pairs),
                                           BpeOptions{.bytes = true});
  parts.decoders.push_back(make_byte_level_decoder());
  parts.byte_level_decoder = true;
  parts.vocabulary = vocabulary;
  set_ends_as_template(settings, parts);
  return parts;
}

TokenizerParts read_clip_merges(std::string_view text, const std::string& where) {
  const Pairs pairs = read_merge_lines(split_lines(text), 1, kClipMerges, where);
  auto vocabulary = std::make_shared<Vocabulary>(where, 2 * 256 + pairs.size() + 2);
  // The alphabet in GPT-2's order: bytes that print themselves, then the others; then all again at the end of
  // a word.
  std::vector<std::string> letters;
  for (const bool themselves : {true, false}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if ((byte_to_character(static_cast<unsigned char>(byte)) == byte) == themselves) {
        const char one = static_cast<char>(byte);
        letters.push_back(spell_bytes({&one, 1}));
      }
    }
  }
  TokenId next = 0;
  for (const char* suffix : {"", kEndOfWord}) {
    for (const std::string& letter : letters) {
      vocabulary->add(next++, letter + suffix);
    }
  }
  for (const auto& [left, right] : pairs) {
    vocabulary->add_duplicate(next++, left + right);
  }
  for (const char* special : {"<|startoftext|>", "<|endoftext|>"}) {
    vocabulary->add_duplicate(next++, special);
  }
  TokenizerParts parts;
  finish_clip(vocabulary, pairs, parts);
  parts.prefix = {*parts.bos};
  parts.suffix = {*parts.eos};
  return parts;
}

}  // namespace everform::text
