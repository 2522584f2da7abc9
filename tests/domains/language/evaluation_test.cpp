#include "everform/domains/language/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "tests/domains/language/fake_model.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using test::ByteTokenizer;
using test::FakeModel;

/// 'a' and 'b' alike with 3/8 each after 'a', 1/4 and 1/2 after anything else; the rest of the probability on
/// the end.
std::vector<double> by_last(std::span<const TokenId> seen) {
  std::vector<double> row(257, 1e-12);
  const bool after_a = seen.back() == 'a';
  row['a'] = after_a ? 0.375 : 0.25;
  row['b'] = after_a ? 0.375 : 0.5;
  row[256] = 0.25;
  return row;
}

/// A probability that only depends on how many tokens the model sees, so that the windows show.
std::vector<double> by_length(std::span<const TokenId> seen) {
  std::vector<double> row(257, 1e-30);
  const double p = 1.0 / (2.0 + static_cast<double>(seen.size()));
  row['x'] = p;
  row[256] = 1.0 - p;
  return row;
}

TEST(Perplexity, KnownProbabilitiesGiveTheExactFigure) {
  const FakeModel model(by_last);
  // a|- a|a b|a b|b a|b: the first is not scored, then 3/8, 3/8, 1/2, 1/4.
  const PerplexityResult result = measure_perplexity(model, ByteTokenizer(), {.text = "aabba"});
  const double nll = -std::log(0.375 * 0.375 * 0.5 * 0.25);
  EXPECT_EQ(result.tokens, 4U);
  EXPECT_EQ(result.bytes, 5U);
  EXPECT_NEAR(result.nll, nll, 1e-6);
  EXPECT_NEAR(result.perplexity(), std::exp(nll / 4), 1e-6);
  EXPECT_NEAR(result.bits_per_byte(), nll / std::numbers::ln2 / 5, 1e-6);
}

TEST(Perplexity, WindowsScoreEachTokenOnceInTheFirstThatHoldsIt) {
  const FakeModel model(by_length, 64);
  // Windows [0,4), [2,6), [4,8): tokens 1..3 see 1..3 tokens, 4 and 5 see 2 and 3, 6 and 7 see 2 and 3.
  const PerplexityResult result =
      measure_perplexity(model, ByteTokenizer(), {.text = std::string(8, 'x'), .window = 4, .stride = 2});
  double nll = 0;
  for (const int seen : {1, 2, 3, 2, 3, 2, 3}) {
    nll += std::log(2.0 + seen);
  }
  EXPECT_EQ(result.tokens, 7U);
  EXPECT_NEAR(result.nll, nll, 1e-5);
  EXPECT_EQ(measure_perplexity(model, ByteTokenizer(), {.text = "xxxx"}).window, 64U);
  EXPECT_THROW(measure_perplexity(model, ByteTokenizer(), {.text = "x"}), Error);
  EXPECT_THROW(measure_perplexity(model, ByteTokenizer(), {.text = "xx", .window = 65}), Error);
  EXPECT_THROW(measure_perplexity(model, ByteTokenizer(), {.text = "xx", .window = 4, .stride = 5}), Error);
}

/// Likes 'q' after "1", 'r' else.
std::vector<double> by_question(std::span<const TokenId> seen) {
  std::vector<double> row(257, 1e-4);
  const bool one = std::find(seen.begin(), seen.end(), '1') != seen.end();
  row['q'] = one ? 0.6 : 0.1;
  row['r'] = one ? 0.1 : 0.6;
  row[' '] = 0.2;
  return row;
}

TEST(TaskEvaluation, CountsWhatTheModelPicks) {
  const std::vector<TaskItem> items = {{"one", "1:", {"q", "r"}, 0, {}},
                                       {"two", "2:", {"q", "r"}, 1, {}},
                                       {"one", "1:", {"q", "r"}, 1, {}},
                                       {"one", "3:", {"r", "q"}, 0, {}}};
  std::size_t done = 0;
  const auto results = evaluate_tasks(
      FakeModel(by_question), ByteTokenizer(), items,
      {.normalisation = ChoiceNormalisation::kRaw, .progress = [&](std::size_t n) { done = n; }});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(done, 4U);
  EXPECT_EQ(results[0].name, "one");
  EXPECT_EQ(results[0].items, 3U);
  EXPECT_EQ(results[0].correct, (std::vector<bool>{true, false, true}));
  EXPECT_NEAR(results[0].accuracy, 2.0 / 3.0, 1e-12);
  EXPECT_EQ(results[0].interval, wilson_interval(2, 3));
  EXPECT_EQ(results[1].accuracy, 1.0);
}

TEST(TaskEvaluation, NormalisationsDisagreeOnLengths) {
  // Every byte costs log 2 but 'z', which costs log 3; with a byte a token the choices' log-likelihoods are
  // known.
  const FakeModel model([](std::span<const TokenId>) {
    std::vector<double> row(257, 0.5);
    row['z'] = 1.0 / 3.0;
    double sum = 0;
    for (const double p : row) {
      sum += p;
    }
    for (double& p : row) {
      p /= sum;
    }
    return row;
  });
  const TaskItem item{"t", "c ", {"zz", "aaaa"}, 0, {}};
  EXPECT_EQ(answer_choice(model, ByteTokenizer(), "c ", item, ChoiceNormalisation::kRaw), 0U);
  EXPECT_EQ(answer_choice(model, ByteTokenizer(), "c ", item, ChoiceNormalisation::kToken), 1U);
  EXPECT_EQ(answer_choice(model, ByteTokenizer(), "c ", item, ChoiceNormalisation::kByte), 1U);
}

TEST(TaskEvaluation, UnconditionalCorrectionAsksWithoutTheContext) {
  // 'q' is likely anyway; the context speaks for 'r', but not enough to beat it without the correction.
  const FakeModel model([](std::span<const TokenId> seen) {
    std::vector<double> row(257, 1e-4);
    const bool hinted = std::find(seen.begin(), seen.end(), '7') != seen.end();
    row['q'] = 0.5;
    row['r'] = hinted ? 0.4 : 0.01;
    return row;
  });
  const TaskItem item{"t", "7\n", {"q", "r"}, 1, {}};
  EXPECT_EQ(answer_choice(model, ByteTokenizer(), "7\n", item, ChoiceNormalisation::kRaw), 0U);
  EXPECT_EQ(answer_choice(model, ByteTokenizer(), "7\n", item, ChoiceNormalisation::kUnconditional), 1U);
}

TEST(TaskEvaluation, NormalisationsSideBySideAgreeWithEachAlone) {
  const std::vector<TaskItem> items = {
      {"t", "1:", {"qq", "r"}, 0, {}}, {"t", "2:", {"q", "rr"}, 1, {}}, {"t", "12", {"q", "r"}, 1, {}}};
  const FakeModel model(by_question);
  const auto together = compare_normalisations(model, ByteTokenizer(), items, {});
  ASSERT_EQ(together.size(), 4U);
  for (const TaskResult& result : together) {
    const auto alone = evaluate_tasks(model, ByteTokenizer(), items,
                                      {.normalisation = normalisation_from_name(result.name)});
    EXPECT_EQ(result.correct, alone[0].correct) << result.name;
  }
}

TEST(TaskEvaluation, WrittenAnswersAreTheFirstLine) {
  const std::string script = " \n The Paris!\nMore";
  const FakeModel model([&](std::span<const TokenId> seen) {
    std::vector<double> row(257, 1e-6);
    const std::size_t at = seen.size() - 2;
    row[at < script.size() ? static_cast<unsigned char>(script[at]) : 256U] = 0.9;
    return row;
  });
  EXPECT_EQ(write_answer(model, ByteTokenizer(), "Q:", 64), "The Paris!");
  EXPECT_EQ(write_answer(model, ByteTokenizer(), "Q:", 7), "The");
  const std::vector<TaskItem> items = {{"qa", "Q:", {}, 0, {"paris"}}, {"qa", "Q?", {}, 0, {"Paris France"}}};
  const auto results = evaluate_tasks(model, ByteTokenizer(), items, {});
  ASSERT_EQ(results.size(), 1U);
  EXPECT_DOUBLE_EQ(results[0].accuracy, 0.5);
  EXPECT_NEAR(*results[0].f1, (1.0 + 2.0 / 3.0) / 2, 1e-12);
}

ErrorKind kind_of(const nlohmann::json& options) {
  try {
    read_evaluation(options, 0);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error for " << options;
  return ErrorKind::kFailed;
}

TEST(EvaluationOptions, AreCheckedBeforeAnyModel) {
  const test::TemporaryFolder folder;
  const std::string text = (folder.path() / "t.txt").string();
  write_file(text, "hello");
  EXPECT_EQ(kind_of(nlohmann::json::object()), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({{"window", 4}, {"tasks", "x"}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({{"perplexity", text}, {"shots", 1}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({{"perplexity", text}, {"window", 1}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({{"perplexity", text}, {"stride", 0}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({{"perplexity", text + "x"}}), ErrorKind::kMissing);
  EXPECT_EQ(kind_of({{"tasks", text}}), ErrorKind::kBadInput);
  EXPECT_EQ(read_evaluation({{"perplexity", text}, {"window", 4}}, 0).perplexity->text, "hello");
}

TEST(Evaluation, AnswersAsTheContractSays) {
  set_quiet(true);
  LanguageModel language;
  language.model = std::make_shared<FakeModel>(by_last);
  language.tokenizer = std::make_shared<ByteTokenizer>();
  EvaluationRequest request;
  request.perplexity = PerplexityRequest{.text = "aabba"};
  request.items = {{"t", "b\n", {"a", "b"}, 1, {}}};
  const ActionResult result = evaluate(language, request);
  set_quiet(false);
  EXPECT_EQ(result.json.at("tokens"), 4);
  EXPECT_NEAR(result.json.at("nll_per_token").get<double>(), 1.010275, 1e-5);
  EXPECT_TRUE(result.json.at("bits_per_byte").is_number());
  EXPECT_NE(result.json.at("protocol").get<std::string>().find("windows of 512 tokens every 256"),
            std::string::npos);
  const nlohmann::json& task = result.json.at("tasks").at(0);
  EXPECT_EQ(task.at("name"), "t");
  EXPECT_EQ(task.at("items"), 1);
  EXPECT_EQ(task.at("accuracy"), 1.0);
  EXPECT_EQ(task.at("interval").size(), 2U);
}

}  // namespace
}  // namespace everform
