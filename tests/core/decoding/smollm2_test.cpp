// SmolLM2 against an independent implementation: the figures of tests/peers/smollm2_reference.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/decoding/window_nll.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/text/tokenizer.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

// The first scenes of Coriolanus, which is in the public domain.
constexpr const char* kText = "tests/core/decoding/data/coriolanus.txt";
constexpr const char* kFigures = "tests/core/decoding/data/smollm2_reference.json";

class SmolLm2 : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test::bundled_models() / "smollm2-135m-instruct";
    EVERFORM_NEEDS(folder);
    if (!model) {
      model = load_plain_model(*open_decoder(folder));
      tokenizer = load_tokenizer(folder);
      figures = nlohmann::json::parse(read_file(kFigures));
    }
  }
  static void TearDownTestSuite() { model.reset(); }

  static inline std::unique_ptr<PlainModel> model;
  static inline std::shared_ptr<Tokenizer> tokenizer;
  static inline nlohmann::json figures;
};

// The two largest logits' difference, and the first of them.
std::pair<TokenId, float> likeliest(std::span<const float> logits) {
  const auto best = std::max_element(logits.begin(), logits.end());
  float second = -1e30F;
  for (auto it = logits.begin(); it != logits.end(); ++it) {
    second = it != best ? std::max(second, *it) : second;
  }
  return {static_cast<TokenId>(best - logits.begin()), *best - second};
}

TEST_F(SmolLm2, GreedyTokensAgree) {
  // Where the reference's two best logits are this near, either may win.
  constexpr float kTie = 1e-3F;
  for (const auto& row : figures.at("greedy")) {
    const std::string prompt = row.at("prompt");
    const auto ids = tokenizer->encode_ids(prompt, {.add_specials = false});
    ASSERT_EQ(ids, row.at("prompt_tokens").get<std::vector<TokenId>>());
    const auto tokens = row.at("tokens").get<std::vector<TokenId>>();
    const auto gaps = row.at("gaps").get<std::vector<float>>();
    const auto state = model->new_sequence();
    std::vector<float> logits(model->vocabulary());
    model->prefill(*state, ids, logits);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto [token, gap] = likeliest(logits);
      EXPECT_NEAR(gap, gaps[i], 2e-3F) << prompt << ", new token " << i;
      EXPECT_TRUE(token == tokens[i] || gaps[i] < kTie) << prompt << ", new token " << i;
      // Goes on with the reference's own token, so that a tie ends nothing.
      SequenceState* pointer = state.get();
      model->step(std::span(&pointer, 1), std::span(tokens).subspan(i, 1), logits);
    }
  }
}

TEST_F(SmolLm2, NllOfALongTextAgrees) {
  auto tokens = tokenizer->encode_ids(read_file(kText), {.add_specials = false});
  const auto& text = figures.at("text");
  ASSERT_GE(tokens.size(), text.at("tokens").get<std::size_t>());
  tokens.resize(text.at("tokens").get<std::size_t>());
  const WindowNll found = score_windows(*model, tokens, tokens.size(), tokens.size());
  EXPECT_EQ(found.tokens, tokens.size() - 1);
  RecordProperty("nll_per_token", std::to_string(found.per_token()));
  EXPECT_NEAR(found.per_token(), text.at("mean_nll").get<double>(), 1e-3);
}

}  // namespace
}  // namespace everform
