// The parts of a tokenizer.json (Hugging Face's tokenizers, format 1.0), one function each. What is not
// supported is an Error{kBadInput} that names it.
#pragma once

#include <memory>
#include <vector>

#include "everform/core/text/json_fields.h"
#include "everform/core/text/pipeline_tokenizer.h"

namespace everform::text {

/// `normalizer`: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, BertNormalizer,
/// Precompiled, ByteLevel, Sequence.
std::unique_ptr<Normalizer> read_normalizer(const JsonFields& json);

/// `pre_tokenizer`: ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit,
/// BertPreTokenizer, Metaspace, Sequence.
struct PreTokenizerSteps {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  /// The last step was ByteLevel; its spelling is left out of `steps`, because a BPE model takes the bytes as
  /// they are.
  bool byte_level = false;
};
PreTokenizerSteps read_pre_tokenizer(const JsonFields& json);

/// `decoder`: ByteLevel, ByteFallback, WordPiece, Metaspace, BPEDecoder, Fuse, Strip, Replace, Sequence.
std::vector<std::unique_ptr<Decoder>> read_decoder(const JsonFields& json, bool& byte_level);

/// `post_processor`: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence. Sets prefix
/// and suffix of `parts`.
void read_post_processor(const JsonFields& json, TokenizerParts& parts);

/// `model`'s pieces, without hiding any.
std::shared_ptr<Vocabulary> read_model_vocabulary(const JsonFields& model);
/// `model`: BPE, Unigram, WordPiece, WordLevel. @param bytes the text comes as bytes where the vocabulary is
/// spelled in the byte alphabet
std::unique_ptr<SubwordModel> read_model(const JsonFields& model,
                                         const std::shared_ptr<Vocabulary>& vocabulary, bool bytes);

}  // namespace everform::text
