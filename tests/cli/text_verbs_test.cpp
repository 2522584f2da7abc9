// generate and chat as a user meets them: the program itself is run.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using test::everform;

const std::string kModel = "smollm2-135m-instruct";

class TextVerbs : public testing::Test {
 protected:
  void SetUp() override {
    if (test::everform_program().empty()) {
      GTEST_SKIP() << "needs EVERFORM_BINARY, which ctest sets";
    }
  }
};

/// Those that need the bundled model's weights.
class BundledText : public TextVerbs {
 protected:
  void SetUp() override {
    TextVerbs::SetUp();
    EVERFORM_NEEDS(test::bundled_models() / kModel);
  }
};

nlohmann::json answer(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--json", "--quiet"});
  const test::ProcessResult result = everform(arguments);
  EXPECT_EQ(result.status, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

/// Fields of the contract, and that they agree with each other.
void expect_contract(const nlohmann::json& json, std::size_t most_tokens) {
  for (const char* field : {"prompt_tokens", "tokens", "text", "finish", "prefill_tokens_per_second",
                            "decode_tokens_per_second"}) {
    ASSERT_TRUE(json.contains(field)) << field;
  }
  EXPECT_FALSE(json.at("prompt_tokens").empty());
  EXPECT_LE(json.at("tokens").size(), most_tokens);
  EXPECT_GT(json.at("prefill_tokens_per_second").get<double>(), 0.0);
  const std::string finish = json.at("finish");
  EXPECT_TRUE(finish == "stop" || finish == "length") << finish;
  if (finish == "length") {
    EXPECT_EQ(json.at("tokens").size(), most_tokens);
  }
}

TEST_F(BundledText, GreedyTextIsTheReferenceImplementations) {
  // Of transformers 5.24 on the same file in float32; these five tokens lead by 0.8 or more in their logits.
  const auto json = answer({"generate", kModel, "--prompt", "The capital of France is", "--max-tokens", "5",
                            "--temperature", "0", "--activations", "f32"});
  expect_contract(json, 5);
  EXPECT_EQ(json.at("prompt_tokens"), (std::vector<int>{504, 3575, 282, 4649, 314}));
  EXPECT_EQ(json.at("tokens"), (std::vector<int>{7042, 30, 198, 198, 504}));
  EXPECT_EQ(json.at("text"), " Paris.\n\nThe");
  EXPECT_EQ(json.at("finish"), "length");
}

TEST_F(BundledText, WithoutJsonTheTextAloneIsOnStdout) {
  const auto result = everform({"generate", kModel, "--prompt", "The capital of France is", "--max-tokens",
                                "2", "--temperature", "0"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, " Paris.\n");
}

TEST_F(BundledText, AStopStringEndsTheTextAndIsNotInIt) {
  const auto json = answer({"generate", kModel, "--prompt", "The capital of France is", "--max-tokens", "5",
                            "--temperature", "0", "--stop", "."});
  expect_contract(json, 5);
  EXPECT_EQ(json.at("finish"), "stop");
  EXPECT_EQ(json.at("text"), " Paris");
}

TEST_F(BundledText, AnEmptyPromptBeginsAtTheBeginning) {
  const auto json = answer({"generate", kModel, "--prompt", "", "--max-tokens", "2", "--temperature", "0"});
  expect_contract(json, 2);
  EXPECT_EQ(json.at("prompt_tokens"), std::vector<int>{1}) << "the token that begins a text";
}

TEST_F(BundledText, ChatRendersTheTemplateAndAnswers) {
  const test::TemporaryFolder folder;
  const std::vector<std::string> greedy = {"--max-tokens", "3", "--temperature", "0"};
  const auto chat = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"chat", kModel});
    arguments.insert(arguments.end(), greedy.begin(), greedy.end());
    const auto json = answer(arguments);
    expect_contract(json, 3);
    return json;
  };
  const auto plain = chat({"--message", "Hello"});
  const auto with_system = chat({"--system", "Answer in French.", "--message", "Hello"});
  EXPECT_NE(plain.at("prompt_tokens"), with_system.at("prompt_tokens"));
  // The same conversation as a list of messages.
  const std::string file = (folder.path() / "messages.json").string();
  write_file(file, R"([{"role":"system","content":"Answer in French."},{"role":"user","content":"Hello"}])");
  const auto listed = chat({"--messages", file});
  EXPECT_EQ(listed.at("prompt_tokens"), with_system.at("prompt_tokens"));
  EXPECT_EQ(listed.at("tokens"), with_system.at("tokens"));
  EXPECT_EQ(listed.at("text"), with_system.at("text"));
}

TEST_F(TextVerbs, AModelThatIsNotThereIsMissing) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"generate", "no-such-model.gguf", "--prompt", "x"},
        {"chat", "no-such-model.gguf", "--message", "x"}}) {
    EXPECT_EQ(everform(command).status, 4) << command[0];
    auto with_json = command;
    with_json.emplace_back("--json");
    const auto result = everform(with_json);
    EXPECT_EQ(result.status, 4) << command[0];
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json.at("error").at("kind"), "missing");
    EXPECT_NE(json.at("error").at("message").get<std::string>().find("no-such-model.gguf"),
              std::string::npos);
  }
}

TEST_F(TextVerbs, AFileThatIsNoModelIsBadInput) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "model.gguf").string();
  write_file(file, "GGUF, or so it says");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"generate", file, "--prompt", "x"}, {"chat", file, "--message", "x"}}) {
    const auto result = everform(command);
    EXPECT_EQ(result.status, 3) << command[0] << "\n" << result.err;
    EXPECT_TRUE(result.out.empty());
    EXPECT_NE(result.err.find(file), std::string::npos) << result.err;
  }
}

TEST_F(TextVerbs, BadOptionsAreUsageErrorsBeforeAModelIsOpened) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "model.gguf").string();
  write_file(file, "never read");
  const std::vector<std::vector<std::string>> wrong = {
      {"generate", file, "--prompt", "x", "--tempurature", "1"},
      {"generate", file, "--prompt", "x", "--temperature", "hot"},
      {"generate", file, "--prompt", "x", "--temperature", "-1"},
      {"generate", file, "--prompt", "x", "--max-tokens", "-1"},
      {"generate", file, "--prompt", "x", "--top-p", "2"},
      {"generate", file, "--prompt", "x", "--prompt-file", file},
      {"generate", file},
      {"chat", file, "--message", "x", "--top-k", "-5"},
      {"chat", file, "--message", "x", "--nonsense"}};
  for (const std::vector<std::string>& command : wrong) {
    std::string line;
    for (const std::string& word : command) {
      line += word + " ";
    }
    const auto result = everform(command);
    EXPECT_EQ(result.status, 2) << line << "\n" << result.err;
    EXPECT_TRUE(result.out.empty()) << line;
  }
}

}  // namespace
}  // namespace everform
