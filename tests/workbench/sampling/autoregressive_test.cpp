#include "everform/workbench/sampling/autoregressive.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/workbench/models/libtorch_step_model.h"

namespace everform {
namespace {

std::shared_ptr<Transformer> small_model() {
  auto model = std::make_shared<Transformer>(TransformerConfig{.vocabulary = 30,
                                                               .width = 16,
                                                               .depth = 2,
                                                               .heads = 2,
                                                               .kv_heads = 2,
                                                               .head_width = 8,
                                                               .ff_width = 32,
                                                               .context = 40,
                                                               .gated_mlp = false});
  initialise(*model, 3);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : model->parameters()) {
    parameter.mul_(8.0);  // far from uniform, so that draws differ from one another
  }
  return model;
}

std::vector<std::vector<TokenId>> prompts() {
  return {{1, 2, 3}, {4}, {5, 6, 7}, {8, 9, 10, 11, 12}, {1, 2, 3}, {29, 0, 4}};
}

TEST(Autoregressive, BatchesEqualItemByItem) {
  const auto model = small_model();
  const LibtorchStepModel plain(model);
  for (const double temperature : {0.0, 1.0}) {
    const AutoregressiveOptions options{.temperature = temperature, .max_tokens = 12, .end = 7, .seed = 5};
    EXPECT_EQ(sample_autoregressive(*model, prompts(), options),
              sample_autoregressive(plain, prompts(), options));
  }
}

TEST(Autoregressive, ASampleDoesNotDependOnItsBatch) {
  const auto model = small_model();
  AutoregressiveOptions options{.temperature = 1.0, .max_tokens = 12, .seed = 5};
  const auto whole = sample_autoregressive(*model, prompts(), options);
  options.batch = 1;
  EXPECT_EQ(sample_autoregressive(*model, prompts(), options), whole);
  EXPECT_NE(whole[0], whole[4]);  // one prompt, two items
  options.seed = 6;
  EXPECT_NE(sample_autoregressive(*model, prompts(), options), whole);
  options.seed = 5;
  options.purpose = "another";
  EXPECT_NE(sample_autoregressive(*model, prompts(), options), whole);
}

TEST(Autoregressive, EndsAtTheEndTokenOrTheLimit) {
  const auto model = small_model();
  AutoregressiveOptions options{.temperature = 1.0, .max_tokens = 15, .seed = 1};
  const auto endless = sample_autoregressive(*model, prompts(), options);
  options.end = endless[2][6];
  const auto ended = sample_autoregressive(*model, prompts(), options);
  for (std::size_t i = 0; i < ended.size(); ++i) {
    const auto found = std::find(endless[i].begin(), endless[i].end(), options.end);
    const auto wanted = found == endless[i].end() ? found : found + 1;
    EXPECT_EQ(ended[i], std::vector<TokenId>(endless[i].begin(), wanted)) << i;
  }
  EXPECT_LE(ended[2].size(), 7U);
  options.max_tokens = 0;
  EXPECT_TRUE(sample_autoregressive(*model, prompts(), options)[0].empty());
}

TEST(Autoregressive, GreedyFollowsTheWholeForwardPass) {
  const auto model = small_model();
  const torch::NoGradGuard no_grad;
  const auto drawn = sample_autoregressive(*model, {{1, 2, 3}}, {.max_tokens = 12});
  std::vector<std::int64_t> text = {1, 2, 3};
  for (const TokenId token : drawn[0]) {
    const torch::Tensor input = torch::tensor(text, torch::kLong).unsqueeze(0);
    const torch::Tensor last = model->forward({.tokens = input}).select(1, input.size(1) - 1);
    EXPECT_EQ(model->logits(last).argmax().item<std::int64_t>(), token);
    text.push_back(token);
  }
}

TEST(Autoregressive, RefusesWhatDoesNotFit) {
  const auto model = small_model();
  for (const auto& [given, tokens] :
       std::vector<std::pair<std::vector<TokenId>, std::int64_t>>{{{}, 3}, {{1, 2}, 39}, {{1}, -1}}) {
    try {
      sample_autoregressive(*model, {given}, {.max_tokens = tokens});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    }
  }
  EXPECT_EQ(sample_autoregressive(*model, {{1}}, {.max_tokens = 39})[0].size(), 39U);
  EXPECT_THROW(sample_autoregressive(*model, {{1}}, {.temperature = -1.0, .max_tokens = 3}), Error);
}

}  // namespace
}  // namespace everform
