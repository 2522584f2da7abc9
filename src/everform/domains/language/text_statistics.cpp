#include "everform/domains/language/text_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "everform/core/base/utf8.h"

namespace everform {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

/// Different runs of n words per run; 0 where there is no run.
double distinct(const std::vector<std::string_view>& words, std::size_t n) {
  if (words.size() < n) {
    return 0.0;
  }
  std::unordered_set<std::string_view> seen;
  const std::size_t runs = words.size() - n + 1;
  std::vector<std::string> joined;
  joined.reserve(runs);  // the set's views must stay valid
  for (std::size_t i = 0; i < runs; ++i) {
    std::string run;
    for (std::size_t j = i; j < i + n; ++j) {
      run.append(words[j]).push_back(' ');
    }
    joined.push_back(std::move(run));
    seen.insert(joined.back());
  }
  return static_cast<double>(seen.size()) / static_cast<double>(runs);
}

double byte_entropy(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) {
    ++counts[static_cast<unsigned char>(c)];
  }
  double bits = 0.0;
  for (const std::size_t count : counts) {
    if (count > 0) {
      const double share = static_cast<double>(count) / static_cast<double>(text.size());
      bits -= share * std::log2(share);
    }
  }
  return bits;
}

}  // namespace

TextStatistics text_statistics(std::string_view text) {
  TextStatistics result;
  result.bytes = text.size();
  for (std::size_t at = 0; at < text.size(); ++result.characters) {
    at += std::max<std::size_t>(utf8_sequence_length(text, at), 1);
  }
  const std::vector<std::string_view> words = words_of(text);
  result.words = words.size();
  result.lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) +
                 (!text.empty() && text.back() != '\n' ? 1 : 0);
  result.byte_entropy = byte_entropy(text);
  result.distinct_1 = distinct(words, 1);
  result.distinct_2 = distinct(words, 2);
  result.repetition_4 = words.size() < 4 ? 0.0 : 1.0 - distinct(words, 4);
  return result;
}

nlohmann::json to_json(const TextStatistics& statistics) {
  return {{"bytes", statistics.bytes},
          {"characters", statistics.characters},
          {"words", statistics.words},
          {"lines", statistics.lines},
          {"byte_entropy", statistics.byte_entropy},
          {"distinct_1", statistics.distinct_1},
          {"distinct_2", statistics.distinct_2},
          {"repetition_4", statistics.repetition_4}};
}

}  // namespace everform
