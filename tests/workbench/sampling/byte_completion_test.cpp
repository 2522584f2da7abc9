#include "everform/workbench/sampling/byte_completion.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::shared_ptr<Transformer> byte_model(std::int64_t vocabulary) {
  auto model = std::make_shared<Transformer>(TransformerConfig{.vocabulary = vocabulary,
                                                               .width = 16,
                                                               .depth = 1,
                                                               .heads = 2,
                                                               .kv_heads = 2,
                                                               .head_width = 8,
                                                               .ff_width = 32,
                                                               .context = 40,
                                                               .gated_mlp = false});
  initialise(*model, 3);
  return model;
}

TEST(ByteCompletion, IsTheSampledBytesUpToEachPromptsLimit) {
  const auto model = byte_model(256);
  const std::vector<std::string> prompts = {"ab", "\xff\x01z", "ab"};
  const auto longest = [](const std::string& prompt) { return static_cast<std::int64_t>(prompt.size()) * 3; };
  const auto texts = complete_bytes(*model, prompts, longest, {.temperature = 1.0, .seed = 4});
  const auto tokens = sample_autoregressive(*model, {{'a', 'b'}, {0xff, 1, 'z'}, {'a', 'b'}},
                                            {.temperature = 1.0, .max_tokens = 9, .seed = 4});
  ASSERT_EQ(texts.size(), 3U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(texts[i].size(), prompts[i].size() * 3);
    for (std::size_t k = 0; k < texts[i].size(); ++k) {
      EXPECT_EQ(static_cast<std::uint8_t>(texts[i][k]), tokens[i][k]);
    }
  }
}

TEST(ByteCompletion, ATokenThatIsNoByteIsAnError) {
  const auto model = byte_model(1000);
  const torch::NoGradGuard no_grad;
  model->lm_head->weight.narrow(0, 0, 256).zero_();
  model->lm_head->weight.narrow(0, 256, 744).mul_(50.0);
  EXPECT_THROW(complete_bytes(*model, {"a"}, [](const std::string&) { return 4; }, {}), Error);
}

}  // namespace
}  // namespace everform
