#include "everform/domains/language/answer_match.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace everform {
namespace {

std::vector<std::string> words_of(std::string_view answer) {
  std::string plain;
  for (const char c : answer) {
    const bool punctuation =
        c > 0x20 && c < 0x7F && !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
    if (!punctuation) {
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  std::vector<std::string> words;
  std::istringstream stream(plain);
  for (std::string word; stream >> word;) {
    if (word != "a" && word != "an" && word != "the") {
      words.push_back(word);
    }
  }
  return words;
}

double word_f1(const std::vector<std::string>& answer, const std::vector<std::string>& right) {
  if (answer.empty() || right.empty()) {
    return answer.empty() && right.empty() ? 1.0 : 0.0;
  }
  std::map<std::string, int> left;
  for (const std::string& word : right) {
    ++left[word];
  }
  int shared = 0;
  for (const std::string& word : answer) {
    shared += left[word]-- > 0 ? 1 : 0;
  }
  return 2.0 * shared / static_cast<double>(answer.size() + right.size());
}

}  // namespace

std::string normalise_answer(std::string_view answer) {
  std::string text;
  for (const std::string& word : words_of(answer)) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

bool exact_match(std::string_view answer, const std::vector<std::string>& right) {
  const std::string normal = normalise_answer(answer);
  return std::any_of(right.begin(), right.end(),
                     [&](const std::string& one) { return normalise_answer(one) == normal; });
}

double answer_f1(std::string_view answer, const std::vector<std::string>& right) {
  const std::vector<std::string> words = words_of(answer);
  double best = 0.0;
  for (const std::string& one : right) {
    best = std::max(best, word_f1(words, words_of(one)));
  }
  return best;
}

}  // namespace everform
