#include "everform/domains/language/decoder_analysis.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

TEST(DecoderAnalysis, CalculatesPublishedDecoders) {
  const test::TemporaryFolder folder;
  const std::string table = (folder.path() / "models.md").string();
  const ActionResult result = analyse_decoders(read_analysis(
      {"llama2-7b", "smollm2-135m"}, {{"table", table}, {"context", 100}, {"lora-rank", 16}}, 0));
  const nlohmann::json& models = result.json.at("models");
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].at("parameters"), 6738415616);
  EXPECT_EQ(models[0].at("kv_bytes_per_token"), 524288);
  EXPECT_EQ(models[0].at("kv_bytes"), 52428800);
  EXPECT_EQ(models[0].at("context"), 4096);
  EXPECT_TRUE(models[0].at("perplexity").is_null());
  EXPECT_EQ(models[1].at("tuning_bytes").at("lora_parameters"), 2 * 460800);
  const std::string text = read_file(table);
  EXPECT_NE(text.find("| llama2-7b | - | 6738415616 | 100 | 524288 | 52.4 MB |"), std::string::npos) << text;
  EXPECT_EQ(text.find("What each does"), std::string::npos);
}

TEST(DecoderAnalysis, RefusesBadRequests) {
  const auto kind_of = [](std::vector<std::string> models, const nlohmann::json& options) {
    try {
      analyse_decoders(read_analysis(std::move(models), options, 0));
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kFailed;
  };
  EXPECT_EQ(kind_of({}, nlohmann::json::object()), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({"gpt2"}, {{"context", 0}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({"gpt2"}, {{"lora-rank", -1}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({"gpt2"}, {{"no-weights", true}, {"perplexity", "x.txt"}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({"no-such-model"}, nlohmann::json::object()), ErrorKind::kMissing);
}

TEST(DecoderAnalysis, ReadsTheBundledModelsFile) {
  EVERFORM_NEEDS(test::bundled_models() / "smollm2-135m-instruct");
  const ActionResult result =
      analyse_decoders(read_analysis({"smollm2-135m-instruct"}, {{"no-weights", true}}, 0));
  const nlohmann::json& row = result.json.at("models").at(0);
  EXPECT_EQ(row.at("parameters"), 134515008);
  EXPECT_EQ(row.at("type"), "q4_1");
  EXPECT_EQ(row.at("context"), 8192);
  EXPECT_GT(row.at("file_bytes").get<double>(), row.at("bytes").at("q4_1").get<double>());
}

}  // namespace
}  // namespace everform
