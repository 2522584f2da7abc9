#include "everform/core/text/tokenizer_json.h"

#include "everform/core/io/json_text.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform::text {

namespace {

// @param pieces of the model
AddedTokens read_added_tokens(const JsonFields& document, std::size_t pieces) {
  AddedTokens added;
  if (!document.has("added_tokens")) {
    return added;
  }
  const std::size_t count = document.array("added_tokens").size();
  const TokenId largest = Vocabulary::largest_id(pieces + count);
  for (std::size_t i = 0; i < count; ++i) {
    const JsonFields token = document.element("added_tokens", i);
    added.add({.id = static_cast<TokenId>(token.integer("id", 0, largest)),
               .content = token.text("content"),
               .special = token.flag("special", false),
               .single_word = token.flag("single_word", false),
               .strip_left = token.flag("lstrip", false),
               .strip_right = token.flag("rstrip", false),
               .normalized = token.flag("normalized", false)});
  }
  return added;
}

}  // namespace

TokenizerParts read_tokenizer_json(const nlohmann::json& json, const std::string& where) {
  const JsonFields document(json, where, "");
  TokenizerParts parts;
  if (document.has("normalizer")) {
    parts.normalizer = read_normalizer(document.object("normalizer"));
  }
  PreTokenizerSteps cuts;
  if (document.has("pre_tokenizer")) {
    cuts = read_pre_tokenizer(document.object("pre_tokenizer"));
  }
  const JsonFields model = document.object("model");
  const auto vocabulary = read_model_vocabulary(model);
  parts.added = read_added_tokens(document, vocabulary->size());
  for (const AddedToken& token : parts.added.tokens()) {
    if (token.special) {
      vocabulary->hide(token.id);
    }
  }
  parts.model = read_model(model, vocabulary, cuts.byte_level);
  parts.vocabulary = vocabulary;
  parts.pre_tokenizers = std::move(cuts.steps);
  if (cuts.byte_level && !parts.model->takes_bytes()) {
    parts.pre_tokenizers.push_back(make_byte_spelling());
  }
  if (document.has("decoder")) {
    parts.decoders = read_decoder(document.object("decoder"), parts.byte_level_decoder);
  }
  if (document.has("post_processor")) {
    read_post_processor(document.object("post_processor"), parts);
  }
  parts.prefix_by_default = true;
  parts.suffix_by_default = true;
  return parts;
}

}  // namespace everform::text
