#include "everform/core/text/word_level_model.h"

#include "everform/core/base/error.h"
#include "everform/core/text/code_points.h"

namespace everform::text {

WordLevelModel::WordLevelModel(std::shared_ptr<const Vocabulary> vocabulary, std::optional<TokenId> unknown)
    : vocabulary_(std::move(vocabulary)), unknown_(unknown) {
  for (std::size_t i = 0; i < vocabulary_->size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view piece = vocabulary_->piece(id);
    if (!piece.empty() && !vocabulary_->hidden(id) && id != unknown_) {
      characters_ = characters_ && code_point_at(piece, 0).length == piece.size();
    }
  }
}

void WordLevelModel::encode(std::string_view piece, std::uint32_t base, ModelScratch&,
                            std::vector<TokenSpan>& out) const {
  auto token = vocabulary_->find(piece);
  token = token ? token : unknown_;
  if (!token) {
    throw Error(ErrorKind::kFailed, "encoding with " + vocabulary_->where(),
                "\"" + printable(std::string(piece), 40) +
                    "\" is not in the vocabulary, and it has no unknown token");
  }
  out.push_back({*token, base, base + static_cast<std::uint32_t>(piece.size())});
}

}  // namespace everform::text
