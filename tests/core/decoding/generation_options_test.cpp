#include "everform/core/decoding/generation_options.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

ErrorKind refused(const nlohmann::json& options) {
  try {
    read_generation(options);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << options << " was taken";
  return ErrorKind::kFailed;
}

TEST(ReadGeneration, ReadsTheFormOfTheText) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "form").string();
  write_file(file, R"({"type":"null"})");
  EXPECT_EQ(read_generation({}).form.kind, FormChoice::Kind::kNone);
  EXPECT_EQ(read_generation({{"json-object", true}}).form.kind, FormChoice::Kind::kJsonObject);
  EXPECT_EQ(read_generation({{"json-object", false}, {"regex", "a"}}).form.text, "a");
  const FormChoice schema = read_generation({{"json-schema", file}}).form;
  EXPECT_EQ(schema.kind, FormChoice::Kind::kJsonSchema);
  EXPECT_EQ(schema.text, R"({"type":"null"})");
  EXPECT_EQ(read_generation({{"grammar", file}}).form.kind, FormChoice::Kind::kGrammar);

  EXPECT_EQ(refused({{"json-object", true}, {"regex", "a"}}), ErrorKind::kUsage);
  EXPECT_EQ(refused({{"beams", 2}, {"regex", "a"}}), ErrorKind::kUsage);
  EXPECT_EQ(refused({{"json-schema", file + "-absent"}}), ErrorKind::kMissing);
  write_file(file, "{");
  EXPECT_EQ(refused({{"json-schema", file}}), ErrorKind::kBadInput);
}

TEST(ReadGeneration, ReadsWhatGuessesAhead) {
  EXPECT_FALSE(read_generation({{"speculate", "none"}}).speculate_ngram);
  const GenerationChoice choice = read_generation({{"speculate", "ngram"}, {"draft-tokens", 3}});
  EXPECT_TRUE(choice.speculate_ngram);
  EXPECT_EQ(choice.draft_tokens, 3U);
  EXPECT_EQ(read_generation({{"draft", "small"}}).draft, "small");
  EXPECT_EQ(refused({{"speculate", "ngram"}, {"draft", "small"}}), ErrorKind::kUsage);
  EXPECT_EQ(refused({{"draft-tokens", 0}}), ErrorKind::kUsage);
  EXPECT_EQ(refused({{"beams", 2}, {"speculate", "ngram"}}), ErrorKind::kUsage);
}

TEST(ReadGeneration, ReadsXtcAndMirostat) {
  const SamplingOptions sampling =
      read_generation(
          {{"xtc-probability", 0.5}, {"xtc-threshold", 0.2}, {"mirostat-tau", 4.0}, {"mirostat-eta", 0.3}})
          .sampling;
  EXPECT_EQ(sampling.xtc_probability, 0.5);
  EXPECT_EQ(sampling.xtc_threshold, 0.2);
  EXPECT_EQ(sampling.mirostat_tau, 4.0);
  EXPECT_EQ(sampling.mirostat_eta, 0.3);
  EXPECT_EQ(refused({{"mirostat-eta", 0.0}}), ErrorKind::kUsage);
}

}  // namespace
}  // namespace everform
