#include "everform/core/text/bpe_model.h"

#include <algorithm>
#include <cstdio>

#include "everform/core/text/bpe_merge.h"
#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/pretoken_cache.h"

namespace everform::text {

namespace {

constexpr std::string_view kMetaspace = "\xe2\x96\x81";
constexpr TokenId kNoToken = -1;

std::string byte_piece(unsigned char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "<0x%02X>", byte);
  return text;
}

bool is_byte_piece(std::string_view piece) {
  return piece.size() == 6 && piece.starts_with("<0x") && piece.back() == '>';
}

// A metaspace after a character that is none: merging across the beginning of a word.
bool has_inner_metaspace(std::string_view piece) {
  for (std::size_t at = piece.find(kMetaspace, 1); at != std::string_view::npos;
       at = piece.find(kMetaspace, at + 1)) {
    if (!piece.substr(0, at).ends_with(kMetaspace)) {
      return true;
    }
  }
  return false;
}

}  // namespace

struct BpeModel::Scratch : ModelScratch {
  PretokenCache cache;
  MergeScratch merge;
};

BpeModel::BpeModel(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
  measure_tokens();
  find_byte_tokens();
  find_safe_cuts();
}

std::unique_ptr<ModelScratch> BpeModel::make_scratch() const {
  return std::make_unique<Scratch>();
}

void BpeModel::measure_tokens() {
  lengths_.resize(vocabulary_->size());
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    std::string_view piece = vocabulary_->piece(static_cast<TokenId>(i));
    if (!options_.end_suffix.empty() && piece.ends_with(options_.end_suffix)) {
      piece.remove_suffix(options_.end_suffix.size());
    }
    if (!options_.continuing_prefix.empty() && piece.starts_with(options_.continuing_prefix)) {
      piece.remove_prefix(options_.continuing_prefix.size());
    }
    std::size_t length = piece.size();
    if (options_.bytes) {
      length = static_cast<std::size_t>(
          std::count_if(piece.begin(), piece.end(), [](char c) { return (c & 0xc0) != 0x80; }));
    } else if (options_.byte_fallback && is_byte_piece(piece)) {
      length = 1;
    }
    lengths_[i] = static_cast<std::uint32_t>(length);
  }
}

void BpeModel::find_byte_tokens() {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char one = static_cast<char>(byte);
    const std::string piece =
        options_.bytes ? spell_bytes({&one, 1}) : byte_piece(static_cast<unsigned char>(byte));
    byte_tokens_[byte] = vocabulary_->find(piece).value_or(kNoToken);
    last_byte_tokens_[byte] = vocabulary_->find(piece + options_.end_suffix).value_or(kNoToken);
  }
}

void BpeModel::find_safe_cuts() {
  if (options_.bytes || options_.ignore_merges || !options_.continuing_prefix.empty() ||
      !options_.end_suffix.empty()) {
    return;
  }
  cut_at_metaspaces_ = !(options_.unknown && options_.fuse_unknown);
  for (std::size_t i = 0; i < vocabulary_->size() && cut_at_metaspaces_; ++i) {
    cut_at_metaspaces_ = !has_inner_metaspace(vocabulary_->piece(static_cast<TokenId>(i)));
  }
}

void BpeModel::encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
                      std::vector<TokenSpan>& out) const {
  auto& own = static_cast<Scratch&>(scratch);
  if (!cut_at_metaspaces_ || piece.size() <= PretokenCache::kLongestPiece) {
    return encode_short(piece, piece.size(), base, own, out);
  }
  for (std::size_t begin = 0; begin < piece.size();) {
    std::size_t body = begin;
    while (piece.substr(body).starts_with(kMetaspace)) {
      body += kMetaspace.size();
    }
    const std::size_t end = std::min(piece.find(kMetaspace, body), piece.size());
    encode_short(piece.substr(begin, end - begin), piece.size() - begin,
                 base + static_cast<std::uint32_t>(begin), own, out);
    begin = end;
  }
}

void BpeModel::encode_short(std::string_view piece, std::size_t readable, std::uint32_t base,
                            Scratch& scratch, std::vector<TokenSpan>& out) const {
  if (piece.size() > PretokenCache::kLongestPiece) {
    return encode_merged(piece, base, scratch, out);
  }
  const PretokenCache::Key key = PretokenCache::make_key(piece, readable);
  PretokenCache::Entry& entry = scratch.cache.slot(key);
  if (entry.count > 0 && entry.key == key) {
    std::uint32_t at = base;
    for (std::uint32_t i = 0; i < entry.count; ++i) {
      const TokenId id = entry.ids[i];
      const std::uint32_t end = at + lengths_[static_cast<std::size_t>(id)];
      out.push_back({id, at, end});
      at = end;
    }
    return;
  }
  const std::size_t first = out.size();
  encode_merged(piece, base, scratch, out);
  const std::size_t count = out.size() - first;
  // Only what lengths_ can rebuild: no unknown token, nothing dropped.
  std::uint32_t at = base;
  bool plain = count > 0 && count <= PretokenCache::kMostTokens;
  for (std::size_t i = first; i < out.size() && plain; ++i) {
    plain = out[i].begin == at && out[i].end - at == lengths_[static_cast<std::size_t>(out[i].id)];
    at = out[i].end;
  }
  if (plain && at == base + piece.size()) {
    entry.key = key;
    entry.count = static_cast<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
      entry.ids[i] = out[first + i].id;
    }
  }
}

void BpeModel::encode_merged(std::string_view piece, std::uint32_t base, Scratch& scratch,
                             std::vector<TokenSpan>& out) const {
  if (options_.ignore_merges) {
    if (const auto token = whole_token(piece)) {
      out.push_back({*token, base, base + static_cast<std::uint32_t>(piece.size())});
      return;
    }
  }
  const std::size_t first = out.size();
  if (options_.bytes) {
    start_with_bytes(piece, base, out);
  } else {
    start_with_characters(piece, base, out);
  }
  if (out.size() > first) {
    const std::size_t left = scratch.merge.merge(merges_, lengths_, std::span(out).subspan(first));
    out.resize(first + left);
  }
}

std::optional<TokenId> BpeModel::whole_token(std::string_view piece) const {
  return options_.bytes ? vocabulary_->find(spell_bytes(piece)) : vocabulary_->find(piece);
}

void BpeModel::start_with_bytes(std::string_view piece, std::uint32_t base,
                                std::vector<TokenSpan>& out) const {
  const bool prefixed = !options_.continuing_prefix.empty();
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const auto byte = static_cast<unsigned char>(piece[i]);
    const bool last = i + 1 == piece.size();
    TokenId token = last ? last_byte_tokens_[byte] : byte_tokens_[byte];
    if (prefixed && i > 0) {
      token = character_token(spell_bytes(piece.substr(i, 1)), false, last);
    }
    const auto at = base + static_cast<std::uint32_t>(i);
    if (token != kNoToken) {
      out.push_back({token, at, at + 1});
    } else if (options_.unknown) {
      out.push_back({*options_.unknown, at, at + 1});
    }
  }
}

TokenId BpeModel::character_token(std::string_view character, bool first, bool last) const {
  const bool plain = (first || options_.continuing_prefix.empty()) && (!last || options_.end_suffix.empty());
  if (plain) {
    return vocabulary_->find(character).value_or(kNoToken);
  }
  std::string piece = first ? "" : options_.continuing_prefix;
  piece += character;
  piece += last ? options_.end_suffix : "";
  return vocabulary_->find(piece).value_or(kNoToken);
}

bool BpeModel::fall_back_to_bytes(std::string_view character, std::uint32_t at,
                                  std::vector<TokenSpan>& out) const {
  const auto token_of = [&](char byte) { return byte_tokens_[static_cast<unsigned char>(byte)]; };
  if (!options_.byte_fallback || std::any_of(character.begin(), character.end(),
                                             [&](char byte) { return token_of(byte) == kNoToken; })) {
    return false;
  }
  for (const char byte : character) {
    out.push_back({token_of(byte), at, at + 1});
    ++at;
  }
  return true;
}

void BpeModel::start_with_characters(std::string_view piece, std::uint32_t base,
                                     std::vector<TokenSpan>& out) const {
  const std::size_t first = out.size();
  for (std::size_t i = 0; i < piece.size();) {
    const std::size_t length = code_point_at(piece, i).length;
    const std::string_view character = piece.substr(i, length);
    const auto at = base + static_cast<std::uint32_t>(i);
    const auto end = at + static_cast<std::uint32_t>(length);
    const TokenId token = character_token(character, i == 0, i + length == piece.size());
    if (token != kNoToken) {
      out.push_back({token, at, end});
    } else if (!fall_back_to_bytes(character, at, out) && options_.unknown) {
      const bool fuse = options_.fuse_unknown && out.size() > first && out.back().id == *options_.unknown &&
                        out.back().end == at;
      if (fuse) {
        out.back().end = end;
      } else {
        out.push_back({*options_.unknown, at, end});
      }
    }
    i += length;
  }
}

}  // namespace everform::text
