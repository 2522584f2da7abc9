#include "everform/domains/language/sentence_cloze.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(Sentences, EndWhereAReaderEndsThem) {
  EXPECT_EQ(split_sentences(
                "One is here. \"Two,\" said Dr. A. Smith? (Three!) 4 costs 2.50 euros, e.g. Monday... last"),
            (std::vector<std::string>{"One is here.", "\"Two,\" said Dr. A. Smith?", "(Three!)",
                                      "4 costs 2.50 euros, e.g. Monday... last"}));
  EXPECT_TRUE(split_sentences("  ").empty());
  EXPECT_EQ(split_sentences("Run file.txt now. Then stop."),
            (std::vector<std::string>{"Run file.txt now.", "Then stop."}));
}

std::vector<std::string> sample(int count) {
  std::vector<std::string> paragraphs;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    paragraphs.push_back("First sentence of the paragraph with the number " + n +
                         ". Second sentence of the paragraph with the number " + n +
                         ". Third sentence of the paragraph with the number " + n + ". Short " + n + ".");
  }
  return paragraphs;
}

TEST(SentenceCloze, TheRightChoiceFollowsItsContext) {
  const auto paragraphs = sample(60);
  const auto items = make_sentence_cloze(paragraphs, {.items = 40, .seed = 3});
  ASSERT_EQ(items.size(), 40U);
  std::set<std::string> contexts;
  std::vector<int> places(4, 0);
  for (const TaskItem& item : items) {
    ASSERT_EQ(item.choices.size(), 4U);
    EXPECT_EQ(std::set<std::string>(item.choices.begin(), item.choices.end()).size(), 4U);
    const std::string joined = item.context + " " + item.right();
    EXPECT_EQ(std::count_if(paragraphs.begin(), paragraphs.end(),
                            [&](const std::string& p) { return p.starts_with(joined); }),
              1)
        << joined;
    for (const std::string& choice : item.choices) {
      EXPECT_FALSE(choice.starts_with("First"));
      EXPECT_FALSE(choice.starts_with("Short"));
    }
    const std::string number = item.right().substr(item.right().rfind(' '));
    EXPECT_EQ(std::count_if(item.choices.begin(), item.choices.end(),
                            [&](const std::string& c) { return c.ends_with(number); }),
              1);
    contexts.insert(item.context.substr(0, item.context.find('.')));
    ++places[item.gold];
  }
  EXPECT_EQ(contexts.size(), 40U);
  EXPECT_GE(*std::min_element(places.begin(), places.end()), 2);
}

TEST(SentenceCloze, FixedBySeed) {
  const auto paragraphs = sample(30);
  const auto one = tasks_to_jsonl(make_sentence_cloze(paragraphs, {.items = 20, .seed = 0}));
  EXPECT_EQ(one, tasks_to_jsonl(make_sentence_cloze(paragraphs, {.items = 20, .seed = 0})));
  EXPECT_NE(one, tasks_to_jsonl(make_sentence_cloze(paragraphs, {.items = 20, .seed = 1})));
}

TEST(SentenceCloze, SaysWhenTheTextIsTooShort) {
  EXPECT_THROW(make_sentence_cloze(sample(5), {.items = 6}), Error);
  EXPECT_THROW(make_sentence_cloze(sample(1), {.items = 1}), Error);
  EXPECT_THROW(make_sentence_cloze({}, {.items = 1}), Error);
  EXPECT_THROW(make_sentence_cloze(sample(9), {.items = 1, .choices = 1}), Error);
}

}  // namespace
}  // namespace everform
