#include "everform/domains/language/wikitext.h"

#include <algorithm>

namespace everform {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Number of "=" signs around a heading: 1 for a title, more for sections, 0 for text. "= = A = =" has two.
int heading_depth(std::string_view line) {
  int depth = 0;
  std::string_view rest = line;
  while (rest.starts_with("= ")) {
    rest = trim(rest.substr(1));
    ++depth;
  }
  int closing = 0;
  while (rest.ends_with(" =")) {
    rest = trim(rest.substr(0, rest.size() - 1));
    ++closing;
  }
  return depth == closing && !rest.empty() && rest != "=" ? depth : 0;
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::vector<WikiArticle> parse_wikitext(std::string_view text) {
  std::vector<WikiArticle> articles;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const int depth = heading_depth(line);
    if (depth == 1) {
      articles.push_back({std::string(trim(line.substr(1, line.size() - 2))), {}});
    } else if (depth == 0 && !line.empty() && !articles.empty()) {
      articles.back().paragraphs.emplace_back(line);
    }
  }
  return articles;
}

std::string detokenize_wikitext(std::string_view text) {
  std::string out;
  bool glue = true;  // the next word follows without a blank
  bool inside_quote = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find_first_not_of(" \n", at), text.size());
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    at = end;
    if (word.empty()) {
      break;
    }
    if (word.size() == 3 && word.front() == '@' && word.back() == '@') {
      out += word[1];
      glue = true;
      continue;
    }
    const bool closing_quote = word == "\"" && inside_quote;
    const bool joins_left = closing_quote || word.starts_with("'") || word == "n't" ||
                            is_any(word, {".", ",", ";", ":", "!", "?", ")", "]", "%"});
    out += glue || joins_left ? "" : " ";
    out += word;
    inside_quote = word == "\"" ? !inside_quote : inside_quote;
    glue = is_any(word, {"(", "[", "$", "£"}) || (word == "\"" && inside_quote);
  }
  return out;
}

}  // namespace everform
