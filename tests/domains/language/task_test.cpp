#include "everform/domains/language/task.h"

#include <gtest/gtest.h>

#include <set>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/domains/language/prompt.h"

namespace everform {
namespace {

std::string fault(const std::string& jsonl) {
  try {
    parse_tasks(jsonl, "t");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.where() + ": " + error.message();
  }
  return "";
}

TEST(Tasks, ReadsChoicesAndAnswers) {
  const auto items = parse_tasks(
      "{\"context\":\"2+2=\",\"choices\":[\"4\",\"5\"],\"gold\":0}\n\n"
      "{\"context\":\"Capital of France?\",\"answers\":[\"Paris\"],\"task\":\"qa\"}\r\n",
      "sums");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].task, "sums");
  EXPECT_EQ(items[0].right(), "4");
  EXPECT_TRUE(items[0].has_choices());
  EXPECT_EQ(items[1].task, "qa");
  EXPECT_EQ(items[1].right(), "Paris");
  const auto again = parse_tasks(tasks_to_jsonl(items), "x");
  EXPECT_EQ(again[0].choices, items[0].choices);
  EXPECT_EQ(again[1].answers, items[1].answers);
  EXPECT_EQ(again[0].task, "sums");
}

TEST(Tasks, FaultsNameTheirLine) {
  const std::string good = "{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":1}\n";
  EXPECT_NE(fault(good + "\nnot json\n").find("t:3: this line is no JSON object"), std::string::npos);
  EXPECT_NE(fault(good + "[1]").find("t:2: this line is no JSON object"), std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":2}")
                .find("\"gold\" is 2, but there are 2"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":-1}").find("\"gold\" is -1"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":18446744073709551615}")
                .find("\"gold\" is"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":\"0\"}").find("index"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"b\"]}").find("index"), std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\"],\"gold\":0}").find("2 to 64"), std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"\"],\"gold\":0}").find("not empty"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choices\":[\"a\",\"a\"],\"gold\":0}").find("twice"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":1,\"choices\":[\"a\",\"b\"],\"gold\":0}").find("\"context\" must be a text"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"choises\":[\"a\",\"b\"],\"gold\":0}").find("choices"),
            std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\"}").find("either"), std::string::npos);
  EXPECT_NE(fault("{\"context\":\"c\",\"answers\":[]}").find("1 to 64"), std::string::npos);
  EXPECT_NE(fault(good + "{\"context\":\"c\",\"answers\":[\"a\"]}").find("t:2: the task \"t\" has choices"),
            std::string::npos);
  EXPECT_NE(fault("\n\n").find("no item"), std::string::npos);
}

TEST(Tasks, HostileLinesNeverCrash) {
  fault("{\"context\":" + std::string(100'000, '['));
  const std::string good = "{\"context\":\"c\",\"choices\":[\"a\",\"b\"],\"gold\":1}";
  for (std::uint64_t item = 0; item < 2000; ++item) {
    RandomStream random(5, "damage", 0, item);
    std::string line = good;
    for (int i = 0; i < 3; ++i) {
      line[random.below(line.size())] = static_cast<char>(random.below(256));
    }
    fault(line);
  }
}

TEST(Prompts, ContinuationsAreJoinedByOneBlank) {
  EXPECT_EQ(join_continuation("The capital is", "Paris"), " Paris");
  EXPECT_EQ(join_continuation("The capital is", " Paris"), " Paris");
  EXPECT_EQ(join_continuation("Question\n", "Paris"), "Paris");
  EXPECT_EQ(join_continuation("", "Paris"), "Paris");
}

std::vector<TaskItem> sums(int count, const std::string& task) {
  std::vector<TaskItem> items;
  for (int i = 0; i < count; ++i) {
    items.push_back({task, std::to_string(i) + "+1=", {std::to_string(i + 1), "x"}, 0, {}});
  }
  return items;
}

TEST(Prompts, ShotsAreOthersOfTheSameTask) {
  std::vector<TaskItem> items = sums(8, "sums");
  const auto others = sums(4, "others");
  items.insert(items.end(), others.begin(), others.end());
  std::set<std::vector<std::size_t>> seen;
  for (std::size_t item = 0; item < 8; ++item) {
    const auto shots = choose_shots(items, item, 5, 7);
    EXPECT_EQ(std::set<std::size_t>(shots.begin(), shots.end()).size(), 5U);
    for (const std::size_t shot : shots) {
      EXPECT_NE(shot, item);
      EXPECT_LT(shot, 8U);
    }
    EXPECT_EQ(shots, choose_shots(items, item, 5, 7));
    seen.insert(shots);
  }
  EXPECT_GT(seen.size(), 4U);
  EXPECT_NE(choose_shots(items, 0, 5, 7), choose_shots(items, 0, 5, 8));
  EXPECT_TRUE(choose_shots(items, 0, 0, 7).empty());
  EXPECT_THROW(choose_shots(items, 9, 4, 7), Error);
}

TEST(Prompts, ExamplesAreSolvedBeforeTheQuestion) {
  const auto items = sums(3, "sums");
  EXPECT_EQ(build_prompt(items, 0, {2, 1}), "2+1= 3\n\n1+1= 2\n\n0+1=");
  EXPECT_EQ(build_prompt(items, 0, {}), "0+1=");
}

}  // namespace
}  // namespace everform
