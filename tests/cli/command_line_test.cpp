// The command line as a user meets it: the program itself is run.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using test::everform;

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    if (test::everform_program().empty()) {
      GTEST_SKIP() << "needs EVERFORM_BINARY, which ctest sets";
    }
  }
};

TEST_F(CommandLine, HelpListsTheVerbs) {
  const auto result = everform({"--help"});
  EXPECT_EQ(result.status, 0);
  for (const char* verb : {"list", "show", "env", "reproduce"}) {
    EXPECT_NE(result.out.find(std::string("\n  ") + verb + " "), std::string::npos) << verb;
  }
  EXPECT_EQ(everform({"help"}).out, result.out);
  EXPECT_EQ(everform({}).status, 2);
  EXPECT_NE(everform({"help", "list"}).out.find("--json"), std::string::npos);
}

TEST_F(CommandLine, TyposGetTheNearestName) {
  const auto verb = everform({"lst"});
  EXPECT_EQ(verb.status, 2);
  EXPECT_TRUE(verb.out.empty());
  EXPECT_NE(verb.err.find("did you mean \"list\""), std::string::npos) << verb.err;
  EXPECT_LE(std::count(verb.err.begin(), verb.err.end(), '\n'), 3);
  const auto option = everform({"list", "--jsn"});
  EXPECT_EQ(option.status, 2);
  EXPECT_NE(option.err.find("did you mean \"--json\""), std::string::npos) << option.err;
  const auto target = everform({"show", "lifegp"});
  EXPECT_EQ(target.status, 4);
  EXPECT_NE(target.err.find("did you mean \"lifegpt\""), std::string::npos) << target.err;
}

TEST_F(CommandLine, ErrorsAreJsonWhenAsked) {
  const auto result = everform({"lst", "--json"});
  EXPECT_EQ(result.status, 2);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["error"]["kind"], "usage");
  EXPECT_FALSE(result.err.empty());
}

TEST_F(CommandLine, NumbersAreChecked) {
  EXPECT_EQ(everform({"list", "--seed", "x"}).status, 2);
  EXPECT_EQ(everform({"list", "--seed", "-1"}).status, 2);
  EXPECT_EQ(everform({"list", "--threads", "0"}).status, 2);
  EXPECT_EQ(everform({"list", "--seed", "99999999999999999999"}).status, 2);
  EXPECT_EQ(everform({"list", "--seed"}).status, 2);
  EXPECT_EQ(everform({"list", "--seed", "1", "--seed", "2"}).status, 2);
  EXPECT_EQ(everform({"list", "extra"}).status, 2);
}

TEST_F(CommandLine, ListHoldsEverySystem) {
  const auto result = everform({"list", "--json"});
  ASSERT_EQ(result.status, 0);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["systems"].size(), 78U);
  for (const auto& system : json["systems"]) {
    for (const char* key : {"name", "title", "paper", "domain", "state"}) {
      EXPECT_FALSE(system[key].get<std::string>().empty()) << system;
    }
  }
}

TEST_F(CommandLine, ShowGivesSizesOfSystemsWithOneStack) {
  const std::pair<const char*, std::int64_t> kPublished[] = {{"lifegpt", 12'735'744},
                                                             {"icl-discrete", 9'562'113}};
  for (const auto& [name, parameters] : kPublished) {
    const auto json = nlohmann::json::parse(everform({"show", name, "--preset", "paper", "--json"}).out);
    EXPECT_EQ(json.at("parameters"), parameters) << name;
    EXPECT_EQ(json.at("layers"), 12) << name;
    EXPECT_EQ(json.at("width"), 256) << name;
    EXPECT_TRUE(json.at("recipe").is_object()) << name;
  }
  const auto text = everform({"show", "icl-discrete", "--set", "model.backbone=lstm"});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("parameters:     270465"), std::string::npos) << text.out;
}

TEST_F(CommandLine, APlannedSystemSaysSo) {
  const auto result = everform({"train", "triflow"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("planned"), std::string::npos) << result.err;
}

TEST_F(CommandLine, RecipeErrorsComeBeforeTheWorkbench) {
  for (const char* sets : {"training.stepz=3", "training.steps=0", "training.steps=many"}) {
    const auto result = everform({"train", "lifegpt", "--set", sets}, {"EVERFORM_WORKBENCH=/nonexistent"});
    EXPECT_EQ(result.status, 2) << sets << result.err;
    EXPECT_NE(result.err.find("training.steps"), std::string::npos) << result.err;
  }
  const auto preset = everform({"train", "lifegpt", "--preset", "tin"}, {"EVERFORM_WORKBENCH=/nonexistent"});
  EXPECT_EQ(preset.status, 2);
  EXPECT_NE(preset.err.find("did you mean \"tiny\""), std::string::npos) << preset.err;
}

TEST_F(CommandLine, AMissingWorkbenchIsSaid) {
  const auto result = everform({"train", "lifegpt"}, {"EVERFORM_WORKBENCH=/nonexistent/program"});
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_NE(result.err.find("/nonexistent/program"), std::string::npos);
}

TEST_F(CommandLine, ARecipeFileNamesItsSystem) {
  test::TemporaryFolder folder;
  const auto file = (folder.path() / "r.toml").string();
  write_file(file, "system = \"lifgpt\"\n");
  const auto typo = everform({"train", "--recipe", file});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.err.find("lifegpt"), std::string::npos) << typo.err;
  EXPECT_EQ(everform({"train", "--recipe", (folder.path() / "absent").string()}).status, 4);
}

TEST_F(CommandLine, CompletionKnowsVerbsAndOptions) {
  const auto result = everform({"completion", "bash"});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("reproduce:lifegpt"), std::string::npos);
  EXPECT_NE(result.out.find("--quick"), std::string::npos);
  EXPECT_EQ(everform({"completion", "fish"}).status, 2);
}

TEST_F(CommandLine, EnvSaysThreadsAndWhy) {
  const auto json = nlohmann::json::parse(everform({"env", "--json", "--threads", "2"}).out);
  EXPECT_EQ(json["threads"], 2);
  EXPECT_NE(json["threads_reason"].get<std::string>().find("--threads"), std::string::npos);
}

}  // namespace
}  // namespace everform
