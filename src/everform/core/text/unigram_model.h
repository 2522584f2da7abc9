// Unigram language model over pieces (Kudo, ACL 2018): the most probable segmentation, found by Viterbi.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "everform/core/text/byte_trie.h"
#include "everform/core/text/subword_model.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

struct UnigramOptions {
  std::optional<TokenId> unknown;
  bool byte_fallback = false;  ///< what no piece spells becomes the tokens "<0x41>" of its bytes
};

class UnigramModel : public SubwordModel {
 public:
  /// @param scores log-probabilities by id
  UnigramModel(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores,
               UnigramOptions options);

  std::string kind() const override { return "unigram"; }
  std::unique_ptr<ModelScratch> make_scratch() const override;
  void encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
              std::vector<TokenSpan>& out) const override;

 private:
  struct Scratch;
  void emit_unknown(std::string_view text, std::uint32_t base, std::vector<TokenSpan>& out) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<double> scores_;
  UnigramOptions options_;
  ByteTrie trie_;
  double unknown_score_ = 0.0;
  std::vector<TokenId> byte_tokens_;  ///< empty unless all 256 are there
};

}  // namespace everform::text
