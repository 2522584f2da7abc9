#include "everform/core/text/wordpiece_model.h"

#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

bool longer_than(std::string_view word, std::size_t characters) {
  if (word.size() <= characters) {
    return false;
  }
  std::size_t count = 0;
  for (std::size_t at = 0; at < word.size() && count <= characters; ++count) {
    at += code_point_at(word, at).length;
  }
  return count > characters;
}

}  // namespace

WordPieceModel::WordPieceModel(std::shared_ptr<const Vocabulary> vocabulary, WordPieceOptions options)
    : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {
  const auto enter = [](ByteTrie& trie, std::string_view piece, std::string_view prefix, TokenId id) {
    if (piece.size() > prefix.size() && piece.starts_with(prefix)) {
      trie.add(piece.substr(prefix.size()), id);
    }
  };
  for (std::size_t i = 0; i < vocabulary_->size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary_->hidden(id)) {
      continue;
    }
    enter(first_, vocabulary_->piece(id), options_.first_prefix, id);
    enter(continuing_, vocabulary_->piece(id), options_.continuing_prefix, id);
  }
}

bool WordPieceModel::spell(std::string_view word, std::uint32_t base, std::vector<TokenSpan>& out) const {
  for (std::size_t at = 0; at < word.size();) {
    std::size_t length = 0;
    TokenId id = -1;
    (at == 0 ? first_ : continuing_).each_prefix(word, at, [&](std::size_t key_length, std::int32_t value) {
      length = key_length;
      id = value;
    });
    if (id < 0) {
      return false;
    }
    out.push_back(
        {id, base + static_cast<std::uint32_t>(at), base + static_cast<std::uint32_t>(at + length)});
    at += length;
  }
  return true;
}

void WordPieceModel::encode(std::string_view piece, std::uint32_t base, ModelScratch&,
                            std::vector<TokenSpan>& out) const {
  const std::size_t first = out.size();
  if (!longer_than(piece, options_.longest_word) && spell(piece, base, out)) {
    return;
  }
  out.resize(first);
  if (options_.unknown) {
    out.push_back({*options_.unknown, base, base + static_cast<std::uint32_t>(piece.size())});
  }
}

}  // namespace everform::text
