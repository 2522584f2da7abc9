#include "everform/core/text/word_counts.h"

#include <algorithm>
#include <unordered_map>

#include "everform/core/text/added_tokens.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const { return hash_bytes(word); }
};
using Counts = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;

void count_part(MappedText part, const std::vector<std::unique_ptr<PreTokenizer>>& steps, Counts& counts) {
  PreTokenized cut{std::move(part), {}};
  cut.pieces.push_back({0, static_cast<std::uint32_t>(cut.text.text().size())});
  for (const auto& step : steps) {
    step->apply(cut);
  }
  for (const auto& piece : cut.pieces) {
    const std::string_view word = cut.text.text().substr(piece.begin, piece.end - piece.begin);
    if (const auto known = counts.find(word); known != counts.end()) {
      ++known->second;
    } else {
      counts.emplace(word, 1);
    }
  }
}

}  // namespace

std::vector<WordCount> count_words(std::string_view text, const std::vector<std::string>& specials,
                                   const Normalizer* normalizer,
                                   const std::vector<std::unique_ptr<PreTokenizer>>& steps) {
  AddedTokens cuts;
  for (std::size_t i = 0; i < specials.size(); ++i) {
    cuts.add({.id = static_cast<TokenId>(i), .content = specials[i], .special = true});
  }
  cuts.finish([](const std::string& content) { return content; });
  Counts counts;
  for (const AddedPart& part : cuts.split(text, false, true)) {
    if (part.token != nullptr) {
      continue;
    }
    MappedText mapped(text.substr(part.range.begin, part.range.size()), part.range.begin);
    if (normalizer != nullptr) {
      normalizer->apply(mapped);
    }
    if (!mapped.text().empty()) {
      count_part(std::move(mapped), steps, counts);
    }
  }
  std::vector<WordCount> words;
  words.reserve(counts.size());
  for (auto& [word, count] : counts) {
    words.push_back({word, count});
  }
  std::sort(words.begin(), words.end(), [](const WordCount& a, const WordCount& b) {
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  return words;
}

}  // namespace everform::text
