// Byte-pair encoding (Sennrich, Haddow and Birch, ACL 2016) over bytes or characters.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/text/merge_table.h"
#include "everform/core/text/subword_model.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

struct BpeOptions {
  /// Start from single bytes, their pieces spelled in the byte alphabet; otherwise from characters.
  bool bytes = false;
  /// Before every character but a word's first, and after its last ("</w>"), when looking them up.
  std::string continuing_prefix;
  std::string end_suffix;
  /// A character that is not in the vocabulary becomes the tokens "<0x41>" of its bytes.
  bool byte_fallback = false;
  /// For what has no token at all; such characters are dropped where there is none (as in Hugging Face's
  /// library).
  std::optional<TokenId> unknown;
  bool fuse_unknown = false;
  /// A piece that is a token as a whole is that token, whatever the merges say.
  bool ignore_merges = false;
};

class BpeModel : public SubwordModel {
 public:
  /// @param merges finished; ids of the vocabulary
  BpeModel(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, BpeOptions options);

  std::string kind() const override { return "bpe"; }
  std::unique_ptr<ModelScratch> make_scratch() const override;
  void encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
              std::vector<TokenSpan>& out) const override;
  bool takes_bytes() const override { return options_.bytes; }

  const MergeTable& merges() const { return merges_; }

 private:
  struct Scratch;

  void measure_tokens();
  void find_byte_tokens();
  void find_safe_cuts();
  void encode_short(std::string_view piece, std::size_t readable, std::uint32_t base, Scratch& scratch,
                    std::vector<TokenSpan>& out) const;
  void encode_merged(std::string_view piece, std::uint32_t base, Scratch& scratch,
                     std::vector<TokenSpan>& out) const;
  void start_with_bytes(std::string_view piece, std::uint32_t base, std::vector<TokenSpan>& out) const;
  void start_with_characters(std::string_view piece, std::uint32_t base, std::vector<TokenSpan>& out) const;
  std::optional<TokenId> whole_token(std::string_view piece) const;
  TokenId character_token(std::string_view character, bool first, bool last) const;
  bool fall_back_to_bytes(std::string_view character, std::uint32_t at, std::vector<TokenSpan>& out) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  /// Bytes of text that each token stands for.
  std::vector<std::uint32_t> lengths_;
  std::array<TokenId, 256> byte_tokens_{};       ///< -1 where there is none
  std::array<TokenId, 256> last_byte_tokens_{};  ///< with the end suffix
  /// No token holds the metaspace after another character, so a text may be cut before every run of them.
  bool cut_at_metaspaces_ = false;
};

}  // namespace everform::text
