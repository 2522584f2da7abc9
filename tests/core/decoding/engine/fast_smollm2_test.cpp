// The fast engine on real weights, beside the plain path.
#include <gtest/gtest.h>

#include <memory>

#include "engine_test_support.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/decoding/engine/fast_model.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/text/tokenizer.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

constexpr const char* kText = "tests/core/decoding/data/coriolanus.txt";
constexpr std::size_t kTokens = 192;

class FastSmolLm2 : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::bundled_models() / "smollm2-135m-instruct";
    EVERFORM_NEEDS(folder_);
    if (wanted_.empty()) {
      tokens_ = load_tokenizer(folder_)->encode_ids(read_file(kText), {.add_specials = false});
      tokens_.resize(kTokens);
      wanted_ = test::logits_in_chunks(*load_plain_model(*open_decoder(folder_)), tokens_, kTokens);
    }
  }

  std::unique_ptr<FastModel> load(const FastModelOptions& options) const {
    return load_fast_model(*open_decoder(folder_), options);
  }

  std::filesystem::path folder_;
  static inline std::vector<TokenId> tokens_;
  static inline std::vector<float> wanted_;  // the plain path's logits
};

TEST_F(FastSmolLm2, GivesThePlainPathsNumbers) {
  const auto fast = load(reference_numbers());
  const auto found = test::logits_in_chunks(*fast, tokens_, kTokens);
  EXPECT_LT(test::difference(wanted_, found), 1e-3) << "of logits up to 40";
  EXPECT_LT(test::mean_divergence(wanted_, found, fast->vocabulary()), 1e-8);
}

TEST_F(FastSmolLm2, EightBitActivationsStayNear) {
  const auto fast = load({});
  const auto found = test::logits_in_chunks(*fast, tokens_, kTokens);
  const double divergence = test::mean_divergence(wanted_, found, fast->vocabulary());
  RecordProperty("mean_kl", std::to_string(divergence));
  EXPECT_LT(divergence, 0.006);
  EXPECT_TRUE(test::same_bits(found, test::logits_in_chunks(*fast, tokens_, 50))) << "in chunks";
}

TEST_F(FastSmolLm2, AnEightBitCacheStaysNear) {
  const auto fast = load({.cache = KvPrecision::kInt8});
  const auto found = test::logits_in_chunks(*fast, tokens_, kTokens);
  EXPECT_LT(test::mean_divergence(wanted_, found, fast->vocabulary()), 0.008);
}

}  // namespace
}  // namespace everform
