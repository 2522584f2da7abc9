#include "everform/domains/language/sentence_cloze.h"

#include <algorithm>
#include <array>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"

namespace everform {
namespace {

constexpr std::array<std::string_view, 22> kAbbreviations = {
    "e.g", "i.e", "etc", "cf",  "vs", "Mr",     "Mrs", "Ms", "Dr", "Prof", "St",
    "No",  "Nos", "Fig", "Vol", "pp", "approx", "al",  "Jr", "Sr", "Inc",  "Ltd"};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z');
}

/// Whether the full stop at `at` belongs to the word before it.
bool is_abbreviation(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '.')) {
    --begin;
  }
  const std::string_view word = text.substr(begin, at - begin);
  const bool initial = word.size() == 1 && is_upper(word[0]);
  return initial || std::find(kAbbreviations.begin(), kAbbreviations.end(), word) != kAbbreviations.end();
}

/// Offset behind the sentence that ends at `at` (". ! ?"), or 0 where none ends there.
std::size_t end_of_sentence(std::string_view text, std::size_t at) {
  if (std::string_view(".!?").find(text[at]) == std::string_view::npos ||
      (text[at] == '.' && is_abbreviation(text, at))) {
    return 0;
  }
  std::size_t end = at + 1;
  while (end < text.size() && std::string_view("\"')]").find(text[end]) != std::string_view::npos) {
    ++end;
  }
  const std::size_t next = text.find_first_not_of(" \n", end);
  if (next == std::string_view::npos) {
    return end;
  }
  const bool begins = is_upper(text[next]) || (text[next] >= '0' && text[next] <= '9') ||
                      std::string_view("\"'([").find(text[next]) != std::string_view::npos;
  return next > end && begins ? end : 0;
}

/// Where a sentence stands.
struct Place {
  std::size_t paragraph;
  std::size_t sentence;
};

class ClozeMaker {
 public:
  ClozeMaker(const std::vector<std::string>& paragraphs, const ClozeOptions& options) : options_(options) {
    for (const std::string& paragraph : paragraphs) {
      sentences_.push_back(split_sentences(paragraph));
      for (std::size_t i = 1; i < sentences_.back().size(); ++i) {
        const std::size_t size = sentences_.back()[i].size();
        if (size >= options.shortest && size <= options.longest) {
          usable_.push_back({sentences_.size() - 1, i});
        }
      }
    }
  }

  std::vector<TaskItem> make() {
    std::vector<Place> order = usable_;
    RandomStream(options_.seed, "cloze.order").shuffle(order);
    std::set<std::size_t> used;
    std::vector<TaskItem> items;
    for (const Place& place : order) {
      if (items.size() < options_.items && used.insert(place.paragraph).second) {
        items.push_back(make_item(place, items.size()));
      }
    }
    if (items.size() < options_.items) {
      throw Error(ErrorKind::kMissing, "making a sentence cloze",
                  "the text gives " + std::to_string(items.size()) + " items, " +
                      std::to_string(options_.items) + " are asked for",
                  "use a longer text of running prose");
    }
    return items;
  }

 private:
  const std::string& at(const Place& place) const { return sentences_[place.paragraph][place.sentence]; }

  TaskItem make_item(const Place& place, std::size_t number) const {
    RandomStream random(options_.seed, "cloze.item", 0, number);
    TaskItem item;
    item.task = "sentence-cloze";
    const std::size_t first = place.sentence - std::min(place.sentence, options_.context_sentences);
    for (std::size_t i = first; i < place.sentence; ++i) {
      item.context += (i == first ? "" : " ") + sentences_[place.paragraph][i];
    }
    item.choices.push_back(at(place));
    add_distractors(place, random, item);
    item.gold = random.below(item.choices.size());
    std::swap(item.choices[0], item.choices[item.gold]);
    return item;
  }

  void add_distractors(const Place& place, RandomStream& random, TaskItem& item) const {
    // Draws that repeat a choice or come from the same paragraph are drawn again; a text too small for it
    // gives up.
    for (std::size_t tries = 0; item.choices.size() < options_.choices; ++tries) {
      if (tries == 1000 * options_.choices) {
        throw Error(ErrorKind::kMissing, "making a sentence cloze",
                    "the text has too few different sentences", "use a longer text");
      }
      const Place& other = usable_[random.below(usable_.size())];
      if (other.paragraph != place.paragraph &&
          std::find(item.choices.begin(), item.choices.end(), at(other)) == item.choices.end()) {
        item.choices.push_back(at(other));
      }
    }
  }

  const ClozeOptions& options_;
  std::vector<std::vector<std::string>> sentences_;
  std::vector<Place> usable_;
};

}  // namespace

std::vector<std::string> split_sentences(std::string_view paragraph) {
  std::vector<std::string> sentences;
  std::size_t begin = std::min(paragraph.find_first_not_of(" \n"), paragraph.size());
  for (std::size_t at = begin; at < paragraph.size(); ++at) {
    const std::size_t end = end_of_sentence(paragraph, at);
    if (end != 0) {
      sentences.emplace_back(paragraph.substr(begin, end - begin));
      begin = std::min(paragraph.find_first_not_of(" \n", end), paragraph.size());
      at = end - 1;
    }
  }
  if (begin < paragraph.size()) {
    sentences.emplace_back(paragraph.substr(begin, paragraph.find_last_not_of(" \n") + 1 - begin));
  }
  return sentences;
}

std::vector<TaskItem> make_sentence_cloze(const std::vector<std::string>& paragraphs,
                                          const ClozeOptions& options) {
  if (options.choices < 2 || options.shortest > options.longest) {
    throw Error(ErrorKind::kUsage, "making a sentence cloze",
                "it needs at least 2 choices, and sentences no shorter than the longest");
  }
  return ClozeMaker(paragraphs, options).make();
}

}  // namespace everform
