#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/text_lines.h"
#include "everform/core/text/vocabulary_readers.h"
#include "everform/core/text/wordpiece_model.h"

namespace everform::text {

namespace {

bool has_capital(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size();) {
    const CodePoint point = code_point_at(piece, at);
    if (category(point.value) == UTF8PROC_CATEGORY_LU) {
      return true;
    }
    at += point.length;
  }
  return false;
}

}  // namespace

TokenizerParts read_wordpiece_list(std::string_view text, const TokenizerSettings& settings,
                                   const std::string& where) {
  const std::vector<std::string_view> lines = split_lines(text);
  auto vocabulary = std::make_shared<Vocabulary>(where, lines.size());
  const std::vector<std::string> specials = {"[PAD]", settings.unknown.value_or("[UNK]"),
                                             settings.cls.value_or("[CLS]"), settings.sep.value_or("[SEP]"),
                                             "[MASK]"};
  bool cased = false;
  TokenId next = 0;
  for (const std::string_view line : lines) {
    vocabulary->add_duplicate(next++, line);
    const bool special = std::find(specials.begin(), specials.end(), line) != specials.end();
    cased = cased || (!special && !line.starts_with('[') && has_capital(line));
  }
  TokenizerParts parts;
  for (const std::string& special : specials) {
    if (const auto id = vocabulary->find_any(special)) {
      vocabulary->hide(*id);
      parts.added.add({.id = *id, .content = special, .special = true});
    }
  }
  const auto cls = vocabulary->find_any(specials[2]);
  const auto sep = vocabulary->find_any(specials[3]);
  WordPieceOptions options;
  options.unknown = vocabulary->find_any(specials[1]);
  if (!options.unknown) {
    throw Error(ErrorKind::kBadInput, where, "the vocabulary has no " + specials[1],
                "is it a WordPiece vocabulary?");
  }
  // An uncased vocabulary has no piece with a capital letter.
  const bool lowercase = settings.lowercase.value_or(!cased);
  parts.normalizer = make_bert_normalizer({.strip_accents = lowercase, .lowercase = lowercase});
  parts.pre_tokenizers.push_back(make_character_split(is_white_space, SplitBehavior::kRemoved));
  parts.pre_tokenizers.push_back(make_character_split(is_punctuation, SplitBehavior::kIsolated));
  parts.model = std::make_unique<WordPieceModel>(vocabulary, options);
  parts.decoders.push_back(make_wordpiece_decoder(options.continuing_prefix, true));
  if (cls && sep) {
    parts.prefix = {*cls};
    parts.suffix = {*sep};
  }
  const bool known_bert = settings.tokenizer_class.has_value();
  parts.prefix_by_default = known_bert;
  parts.suffix_by_default = known_bert;
  parts.vocabulary = vocabulary;
  return parts;
}

}  // namespace everform::text
