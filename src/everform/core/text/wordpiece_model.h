// WordPiece (Wu et al. 2016, as BERT uses it): the longest piece that fits, again and again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "everform/core/text/byte_trie.h"
#include "everform/core/text/subword_model.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

struct WordPieceOptions {
  std::string continuing_prefix = "##";  ///< before every piece but a word's first
  std::string first_prefix;              ///< before a word's first piece ("▁" in GGUF files)
  std::optional<TokenId>
      unknown;  ///< of a whole word that no pieces spell; such words are dropped where there is none
  std::size_t longest_word = 100;  ///< in characters; longer words are unknown
};

class WordPieceModel : public SubwordModel {
 public:
  WordPieceModel(std::shared_ptr<const Vocabulary> vocabulary, WordPieceOptions options);
  std::string kind() const override { return "wordpiece"; }
  void encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
              std::vector<TokenSpan>& out) const override;

 private:
  bool spell(std::string_view word, std::uint32_t base, std::vector<TokenSpan>& out) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  WordPieceOptions options_;
  ByteTrie first_;
  ByteTrie continuing_;
};

}  // namespace everform::text
