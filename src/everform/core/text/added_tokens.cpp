#include "everform/core/text/added_tokens.h"

#include <algorithm>

#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

bool stands_alone(std::string_view text, Range match) {
  const bool word_before = match.begin > 0 && is_word(code_point_before(text, match.begin).value);
  const bool word_after = match.end < text.size() && is_word(code_point_at(text, match.end).value);
  return !word_before && !word_after;
}

std::size_t skip_white_space_back(std::string_view text, std::size_t at, std::size_t limit) {
  while (at > limit) {
    const CodePoint point = code_point_before(text, at);
    if (!is_white_space(point.value) || at - point.length < limit) {
      break;
    }
    at -= point.length;
  }
  return at;
}

std::size_t skip_white_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (!is_white_space(point.value)) {
      break;
    }
    at += point.length;
  }
  return at;
}

}  // namespace

bool is_literal(const EncodeOptions& options, Range match) {
  const auto ends_before = [&](const std::pair<std::size_t, std::size_t>& range) {
    return range.second <= match.begin;
  };
  const auto first = std::partition_point(options.literal.begin(), options.literal.end(), ends_before);
  return first != options.literal.end() && first->first < match.end;
}

void AddedTokens::add(AddedToken token) {
  tokens_.push_back(std::move(token));
}

void AddedTokens::enter(std::size_t index, const std::string& form) {
  if (form.empty()) {
    return;
  }
  const AddedToken& token = tokens_[index];
  const unsigned base = token.normalized ? 2 : 0;
  tries_[base + 1].add(form, static_cast<std::int32_t>(index));
  if (!token.special) {
    tries_[base].add(form, static_cast<std::int32_t>(index));
  }
}

const AddedToken* AddedTokens::find(TokenId id) const {
  const auto found =
      std::find_if(tokens_.begin(), tokens_.end(), [&](const AddedToken& token) { return token.id == id; });
  return found == tokens_.end() ? nullptr : &*found;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [&](const AddedToken& token) { return token.content == content; });
  return found == tokens_.end() ? nullptr : &*found;
}

std::vector<AddedPart> AddedTokens::split(std::string_view text, bool normalized, bool specials,
                                          const std::function<bool(Range)>& accepts) const {
  const ByteTrie& keys = trie(normalized, specials);
  std::vector<AddedPart> parts;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size() && !keys.empty();) {
    std::size_t length = 0;
    std::int32_t index = -1;
    if (keys.begins(static_cast<unsigned char>(text[at]))) {
      keys.each_prefix(text, at, [&](std::size_t key_length, std::int32_t value) {
        length = key_length;
        index = value;
      });
    }
    if (index < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(index)];
    Range match{at, at + length};
    if (token.special && accepts && !accepts(match)) {
      ++at;
      continue;
    }
    at = match.end;
    if (token.single_word && !stands_alone(text, match)) {
      continue;
    }
    if (token.strip_left) {
      match.begin = skip_white_space_back(text, match.begin, done);
    }
    if (token.strip_right) {
      match.end = skip_white_space(text, match.end);
    }
    if (match.begin > done) {
      parts.push_back({{done, match.begin}, nullptr});
    }
    parts.push_back({match, &token});
    at = done = match.end;
  }
  if (done < text.size()) {
    parts.push_back({{done, text.size()}, nullptr});
  }
  return parts;
}

}  // namespace everform::text
