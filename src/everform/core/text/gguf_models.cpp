#include <algorithm>
#include <cmath>
#include <cstdio>

#include "everform/core/base/error.h"
#include "everform/core/text/bpe_model.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/gguf_vocabulary.h"
#include "everform/core/text/merge_lists.h"
#include "everform/core/text/split_styles.h"
#include "everform/core/text/vocabulary_readers.h"
#include "everform/core/text/wordpiece_model.h"

namespace everform::text {

namespace {

constexpr const char* kMetaspace = "\xe2\x96\x81";

void append_token(std::vector<TokenId>& tokens, std::optional<TokenId> token) {
  if (token) {
    tokens.push_back(*token);
  }
}

// bos and eos, and whether they are added; the file's own flags win over what is usual for its model.
void read_ends(const GgufVocabulary& file, bool add_bos, bool add_eos, TokenizerParts& parts) {
  parts.bos = file.token("bos_token_id");
  parts.eos = file.token("eos_token_id");
  append_token(parts.prefix, parts.bos);
  parts.prefix_by_default = file.flag("add_bos_token", add_bos);
  parts.suffix_by_default = file.flag("add_eos_token", add_eos);
  if (parts.suffix_by_default) {
    append_token(parts.suffix, parts.eos);
  }
}

void add_separator(const GgufVocabulary& file, bool usual, TokenizerParts& parts) {
  // The key is misspelled in the format itself.
  const auto separator = file.token("seperator_token_id");
  if (file.flag("add_sep_token", usual) && separator && parts.suffix.empty()) {
    parts.suffix.push_back(*separator);
    parts.suffix_by_default = true;
  }
}

TokenizerParts read_byte_level(const GgufVocabulary& file) {
  const std::string where = file.where();
  const SplitStyle style = split_style(file.text("pre").value_or("default"), where);
  TokenizerParts parts;
  parts.vocabulary = file.vocabulary();
  parts.added = file.added_tokens();
  parts.pre_tokenizers = make_split_steps(style, where);
  parts.model =
      std::make_unique<BpeModel>(file.vocabulary(), merges_from_pairs(*file.vocabulary(), file.merges()),
                                 BpeOptions{.bytes = true, .ignore_merges = style.ignore_merges});
  parts.decoders.push_back(make_byte_level_decoder());
  parts.byte_level_decoder = true;
  read_ends(file, style.add_bos, false, parts);
  add_separator(file, style.add_separator, parts);
  return parts;
}

// Higher scores merge first; equal ones have equal ranks.
std::vector<std::uint32_t> ranks_of_scores(const GgufVocabulary& file) {
  const std::vector<float> scores = file.scores();
  std::vector<float> levels;
  for (const float score : scores) {
    if (std::isnan(score)) {
      throw Error(ErrorKind::kBadInput, file.where(), "tokenizer.ggml.scores holds a NaN");
    }
    levels.push_back(score);
  }
  std::sort(levels.begin(), levels.end(), std::greater<>());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  std::vector<std::uint32_t> ranks(scores.size(), MergeTable::kNoRank);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const GgufTokenType type = file.type(static_cast<TokenId>(i));
    const bool text = type == GgufTokenType::kNormal || type == GgufTokenType::kUndefined ||
                      type == GgufTokenType::kUserDefined || type == GgufTokenType::kUnused;
    if (text) {
      const auto level = std::lower_bound(levels.begin(), levels.end(), scores[i], std::greater<>());
      ranks[i] = static_cast<std::uint32_t>(level - levels.begin());
    }
  }
  return ranks;
}

TokenizerParts read_sentencepiece_bpe(const GgufVocabulary& file) {
  TokenizerParts parts;
  parts.vocabulary = file.vocabulary();
  parts.added = file.added_tokens();
  const bool space_prefix = file.flag("add_space_prefix", true);
  std::vector<std::unique_ptr<Normalizer>> steps;
  if (space_prefix) {
    steps.push_back(make_prepend(kMetaspace));
  }
  steps.push_back(make_replace(" ", kMetaspace));
  parts.normalizer = make_sequence(std::move(steps));
  auto unknown = file.token("unknown_token_id");
  parts.model = std::make_unique<BpeModel>(file.vocabulary(),
                                           merges_from_ranks(*file.vocabulary(), ranks_of_scores(file)),
                                           BpeOptions{.byte_fallback = true, .unknown = unknown});
  parts.decoders.push_back(make_replace_decoder(kMetaspace, " "));
  parts.decoders.push_back(make_byte_fallback_decoder());
  parts.decoders.push_back(make_fuse_decoder());
  if (space_prefix) {
    parts.decoders.push_back(make_strip_decoder(" ", 1, 0));
  }
  read_ends(file, true, false, parts);
  return parts;
}

// Converted files spell "word" as "▁word" and "##s" as "s"; the oldest ones kept BERT's own spelling.
WordPieceOptions wordpiece_spelling(const GgufVocabulary& file) {
  const Vocabulary& vocabulary = *file.vocabulary();
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    if (vocabulary.piece(static_cast<TokenId>(i)).starts_with(kMetaspace)) {
      return {.continuing_prefix = "", .first_prefix = kMetaspace};
    }
  }
  return {};
}

TokenizerParts read_wordpiece(const GgufVocabulary& file) {
  TokenizerParts parts;
  parts.vocabulary = file.vocabulary();
  parts.added = file.added_tokens();
  WordPieceOptions spelling = wordpiece_spelling(file);
  auto unknown = file.token("unknown_token_id");
  spelling.unknown = unknown ? unknown : file.vocabulary()->find_any("[UNK]");
  const bool lowercase = file.flag("normalizer.lowercase", true);
  parts.normalizer = make_bert_normalizer(
      {.strip_accents = file.flag("normalizer.strip_accents", lowercase), .lowercase = lowercase});
  parts.pre_tokenizers.push_back(make_character_split(is_white_space, SplitBehavior::kRemoved));
  parts.pre_tokenizers.push_back(make_character_split(is_punctuation, SplitBehavior::kIsolated));
  if (spelling.first_prefix.empty()) {
    parts.decoders.push_back(make_wordpiece_decoder(spelling.continuing_prefix, true));
  } else {
    parts.decoders.push_back(make_metaspace_decoder(spelling.first_prefix, true));
  }
  parts.model = std::make_unique<WordPieceModel>(file.vocabulary(), spelling);
  read_ends(file, true, false, parts);
  if (const auto cls = file.token("cls_token_id"); cls && !parts.bos) {
    parts.bos = cls;
    parts.prefix = {*cls};
  }
  add_separator(file, true, parts);
  return parts;
}

}  // namespace

TokenizerParts read_gguf_vocabulary(const nlohmann::json& metadata, const std::string& where) {
  const GgufVocabulary file(metadata, where);
  const std::string model = file.model();
  TokenizerParts parts;
  if (model == "gpt2") {
    parts = read_byte_level(file);
  } else if (model == "llama") {
    parts = read_sentencepiece_bpe(file);
  } else if (model == "bert") {
    parts = read_wordpiece(file);
  } else {
    throw Error(ErrorKind::kBadInput, where,
                "the vocabulary model \"" + model + "\" (tokenizer.ggml.model) is not supported",
                "gpt2, llama and bert are");
  }
  const auto found = metadata.find("tokenizer.chat_template");
  if (found != metadata.end() && found->is_string()) {
    parts.chat_template = found->get<std::string>();
  }
  return parts;
}

}  // namespace everform::text
