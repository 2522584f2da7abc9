#include "everform/domains/language/decoder_calculator.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/io/hf_config.h"
#include "everform/domains/language/published_decoders.h"

namespace everform {
namespace {

TransformerConfig published(const std::string& name) {
  return read_hf_config(nlohmann::json::parse(find_published_decoder(name)->config), name);
}

TEST(PublishedDecoders, HaveExactlyTheirParameters) {
  ASSERT_EQ(published_decoders().size(), 6U);
  for (const PublishedDecoder& decoder : published_decoders()) {
    EXPECT_EQ(parameter_count(published(decoder.name)), decoder.parameters) << decoder.name;
  }
  EXPECT_EQ(find_published_decoder("gpt5"), nullptr);
}

TEST(DecoderCalculator, CacheOfKnownModels) {
  EXPECT_EQ(kv_cache_bytes(published("smollm2-135m"), 1), 2 * 30 * 3 * 64 * 2);
  // LLaMA-2 7B at its 4,096 tokens in 16 bits: 2 GiB.
  EXPECT_EQ(kv_cache_bytes(published("llama2-7b"), 4096), std::int64_t{2} << 30);
  EXPECT_EQ(kv_cache_bytes(published("llama2-7b"), 4096, 1), std::int64_t{1} << 30);
}

TEST(DecoderCalculator, FlopsGrowWithTheContext) {
  const TransformerConfig config = published("smollm2-135m");
  EXPECT_DOUBLE_EQ(flops_per_token(config, 0), 2.0 * 134515008);
  EXPECT_DOUBLE_EQ(flops_per_token(config, 1000) - flops_per_token(config, 0), 2.0 * 30 * 1000 * 576 * 2);
}

TEST(DecoderCalculator, WeightsInEveryFormat) {
  const TransformerConfig config = published("smollm2-135m");
  const std::int64_t vectors = (30 * 2 + 1) * 576;
  const std::int64_t matrices = 134515008 - vectors;
  EXPECT_EQ(weight_bytes(config, ElementType::kF32), 4 * 134515008LL);
  EXPECT_EQ(weight_bytes(config, ElementType::kF16), 2 * matrices + 4 * vectors);
  EXPECT_EQ(weight_bytes(config, ElementType::kQ8_0), matrices / 32 * 34 + 4 * vectors);
  EXPECT_EQ(weight_bytes(config, ElementType::kQ4_1), matrices / 32 * 20 + 4 * vectors);
  // Rows of 576 are no multiple of 256 and become Q5_0; only down_proj, with rows of 1,536, is Q4_K.
  const std::int64_t down = 30LL * 576 * 1536;
  EXPECT_EQ(weight_bytes(config, ElementType::kQ4_K),
            down / 256 * 144 + (matrices - down) / 32 * 22 + 4 * vectors);
}

TEST(DecoderCalculator, LoraAndTuningMemory) {
  const TransformerConfig config = published("smollm2-135m");
  EXPECT_EQ(lora_parameters(config, 8, {"q_proj", "v_proj"}), 30 * 8 * ((576 + 576) + (192 + 576)));
  EXPECT_EQ(lora_parameters(config, 1, {"gate_proj", "down_proj", "o_proj"}),
            30 * (2 * (576 + 1536) + 2 * 576));
  EXPECT_THROW(lora_parameters(config, 8, {"qproj"}), Error);
  EXPECT_THROW(lora_parameters(published("gpt2"), 8, {"gate_proj"}), Error);
  const TuningMemory memory = tuning_memory(config, 460800);
  EXPECT_EQ(memory.full, 16 * 134515008LL);
  EXPECT_EQ(memory.lora, 2 * 134515008LL + 16 * 460800LL);
}

}  // namespace
}  // namespace everform
