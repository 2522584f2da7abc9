// The way of a text through a tokenizer: added tokens, normalizer, pre-tokenizers, model, tokens at both
// ends; and back.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/text/added_tokens.h"
#include "everform/core/text/decoders.h"
#include "everform/core/text/normalizers.h"
#include "everform/core/text/pre_tokenizers.h"
#include "everform/core/text/subword_model.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

/// Everything a vocabulary file says, in the order in which a text meets it.
struct TokenizerParts {
  std::shared_ptr<const Vocabulary> vocabulary;
  AddedTokens added;  ///< finish() not called yet
  std::unique_ptr<Normalizer> normalizer;
  std::vector<std::unique_ptr<PreTokenizer>> pre_tokenizers;
  std::unique_ptr<SubwordModel> model;
  std::vector<std::unique_ptr<Decoder>> decoders;
  bool byte_level_decoder = false;  ///< the only decoder is ByteLevel: tokens decode one by one

  /// Tokens at the beginning and end when asked for, and whether they come unasked.
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
  bool prefix_by_default = false;
  bool suffix_by_default = false;

  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<std::string> chat_template;
};

class PipelineTokenizer : public Tokenizer {
 public:
  explicit PipelineTokenizer(TokenizerParts parts);

  std::string kind() const override { return parts_.model->kind(); }
  std::size_t vocabulary_size() const override { return size_; }
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const override;
  std::vector<TokenId> encode_ids(std::string_view text, const EncodeOptions& options = {}) const override;
  std::string decode(std::span<const TokenId> ids, bool keep_specials = false) const override;
  std::string token_bytes(TokenId id) const override;
  std::string piece(TokenId id) const override;
  std::optional<TokenId> find_piece(std::string_view piece) const override;
  bool is_special(TokenId id) const override;
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  std::optional<std::string> chat_template() const override { return parts_.chat_template; }

 private:
  struct Sink;
  class ScratchLease;

  void encode_into(std::string_view text, const EncodeOptions& options, Sink& sink) const;
  void encode_raw(std::string_view text, std::size_t offset, const EncodeOptions& options,
                  ModelScratch& scratch, Sink& sink) const;
  void encode_in_blocks(std::string_view text, std::size_t offset, ModelScratch& scratch, Sink& sink) const;
  void encode_normalized(MappedText text, ModelScratch& scratch, Sink& sink) const;
  void check(TokenId id) const;
  const AddedToken* added(TokenId id) const;
  DecodeState::Part part(TokenId id) const;
  const std::vector<std::string>& bytes_by_id() const;

  TokenizerParts parts_;
  std::size_t size_ = 0;
  bool cuts_at_line_starts_ = false;       ///< long texts are encoded block by block
  std::vector<std::int32_t> added_index_;  ///< by id: place in added.tokens(), -1 for none

  mutable std::mutex scratch_mutex_;
  mutable std::vector<std::unique_ptr<ModelScratch>> free_scratch_;
  mutable std::once_flag bytes_once_;
  mutable std::vector<std::string> bytes_by_id_;
};

}  // namespace everform::text
