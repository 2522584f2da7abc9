// benchmark, and the choice of an engine, as a user meets them.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using test::everform;

const std::string kModel = "smollm2-135m-instruct";

class BenchmarkVerb : public testing::Test {
 protected:
  void SetUp() override {
    if (test::everform_program().empty()) {
      GTEST_SKIP() << "needs EVERFORM_BINARY, which ctest sets";
    }
  }
};

TEST_F(BenchmarkVerb, AnswersAsTheContractSays) {
  EVERFORM_NEEDS(test::bundled_models() / kModel);
  const auto result =
      everform({"benchmark", kModel, "-p", "16", "-n", "4", "--repeat", "2", "-t", "1", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.at("tests").size(), 2U);
  EXPECT_EQ(json["tests"][0]["name"], "pp16");
  EXPECT_EQ(json["tests"][1]["name"], "tg4");
  for (const auto& row : json["tests"]) {
    ASSERT_EQ(row.at("tokens_per_second").size(), 2U);
    EXPECT_GT(row["tokens_per_second"][0].get<double>(), 0.0);
    EXPECT_GT(row.at("peak_memory_bytes").get<std::size_t>(), 90'000'000U) << "the weights alone";
    EXPECT_GT(row.at("bandwidth_share").get<double>(), 0.0);
    EXPECT_GT(row.at("compute_share").get<double>(), 0.0);
    EXPECT_NEAR(row.at("nll_per_token").get<double>(), 3.18, 0.03);
  }
  EXPECT_EQ(json.at("roof").at("threads"), 1);
  EXPECT_GT(json["roof"].at("bytes_per_second").get<double>(), 0.0);
}

TEST_F(BenchmarkVerb, RefusesWhatMakesNoSense) {
  EXPECT_EQ(everform({"benchmark", kModel, "-p", "0", "-n", "0"}).status, 2);
  EXPECT_EQ(everform({"benchmark", kModel, "-p", "-5"}).status, 2);
  EXPECT_EQ(everform({"benchmark", kModel, "--repeat", "0"}).status, 2);
  EXPECT_EQ(everform({"benchmark", "no-such-model"}).status, 4);
  for (const char* verb : {"generate", "benchmark"}) {
    std::vector<std::string> arguments = {verb, kModel, "--engine", "plain", "--activations", "int8"};
    if (std::string(verb) == "generate") {
      arguments.insert(arguments.end(), {"--prompt", "a"});
    }
    EXPECT_EQ(everform(arguments).status, 2) << verb;
  }
}

TEST_F(BenchmarkVerb, EnginesWriteTheSameGreedyText) {
  EVERFORM_NEEDS(test::bundled_models() / kModel);
  std::vector<nlohmann::json> tokens;
  for (const auto& options :
       std::vector<std::vector<std::string>>{{"--engine", "plain"}, {"--activations", "f32"}}) {
    std::vector<std::string> arguments = {"generate", kModel,          "--prompt", "The capital of France is",
                                          "--json",   "--temperature", "0",        "--max-tokens",
                                          "12"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto result = everform(arguments);
    ASSERT_EQ(result.status, 0) << result.err;
    tokens.push_back(nlohmann::json::parse(result.out).at("tokens"));
  }
  EXPECT_EQ(tokens[0], tokens[1]);
}

}  // namespace
}  // namespace everform
