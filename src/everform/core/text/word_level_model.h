// A vocabulary of whole pieces: words, or single characters.
#pragma once

#include <memory>
#include <optional>

#include "everform/core/text/subword_model.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

class WordLevelModel : public SubwordModel {
 public:
  /// @param unknown for pieces that are not in the vocabulary; where there is none, such a piece throws
  /// Error{kFailed}
  WordLevelModel(std::shared_ptr<const Vocabulary> vocabulary, std::optional<TokenId> unknown);
  /// "characters" where every piece that text may become is one character, else "words".
  std::string kind() const override { return characters_ ? "characters" : "words"; }
  void encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
              std::vector<TokenSpan>& out) const override;

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::optional<TokenId> unknown_;
  bool characters_ = true;
};

}  // namespace everform::text
