#include "everform/domains/language/tokenizer_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "everform/core/base/utf8.h"
#include "tests/domains/language/fake_model.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

/// A tokenizer with faults: it lacks the letter x, turns a pair of blanks into one, and takes every token for
/// a special one.
class SwappingTokenizer : public test::ByteTokenizer {
 public:
  std::string decode(std::span<const TokenId> ids, bool keep_specials) const override {
    std::string text = ByteTokenizer::decode(ids, keep_specials);
    std::erase(text, 'x');
    const std::size_t pair = text.find("  ");
    return pair == std::string::npos ? text : text.erase(pair, 1);
  }
  bool is_special(TokenId) const override { return true; }
};

TEST(TokenizerChecks, RandomTextsAreValidAndVaried) {
  std::set<std::string> seen;
  for (std::uint64_t item = 0; item < 200; ++item) {
    RandomStream random(1, "texts", 0, item);
    const std::string text = random_utf8(random, 50);
    EXPECT_EQ(find_invalid_utf8(text), std::string_view::npos);
    seen.insert(text);
  }
  EXPECT_GT(seen.size(), 190U);
}

TEST(TokenizerChecks, FindFaults) {
  for (const auto check : {check_text_round_trip, check_any_bytes}) {
    const CheckCount good = check(test::ByteTokenizer(), 0, 100);
    EXPECT_EQ(good.run, 100U);
    EXPECT_EQ(good.passed, 100U);
    const CheckCount bad = check(SwappingTokenizer(), 0, 100);
    EXPECT_LT(bad.passed, bad.run);
    EXPECT_FALSE(bad.failed.empty());
  }
  EXPECT_TRUE(spelled_bytes(test::ByteTokenizer())['x']);
  EXPECT_FALSE(spelled_bytes(SwappingTokenizer())['x']);

  EXPECT_EQ(check_frozen_ids(test::ByteTokenizer(), {"ab", {'a', 'b'}}).passed, 2U);
  EXPECT_EQ(check_frozen_ids(test::ByteTokenizer(), {"ac", {'a', 'b'}}).passed, 1U);
  EXPECT_EQ(check_frozen_ids(test::ByteTokenizer(), {"abc", {'a', 'b'}}).passed, 0U);
  EXPECT_LT(check_specials_stay_text(SwappingTokenizer(), "<|end|>").passed, 3U);
}

TEST(TokenizerChecks, SmolLm2PassesThemAll) {
  const auto model = test::bundled_models() / "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
  EVERFORM_NEEDS(model);
  const auto tokenizer = load_tokenizer(model);
  CheckCount count = check_text_round_trip(*tokenizer, 0, 300);
  count.add(check_any_bytes(*tokenizer, 0, 300));
  count.add(check_frozen_ids(*tokenizer, smollm2_encoding()));
  count.add(check_specials_stay_text(*tokenizer, "<|im_end|>"));
  EXPECT_EQ(count.run, 803U);
  EXPECT_EQ(count.passed, count.run) << (count.failed.empty() ? "" : count.failed.front());
  // Its vocabulary lacks six control characters and bytes that no assigned character has.
  const std::array<bool, 256> spelled = spelled_bytes(*tokenizer);
  EXPECT_EQ(std::count(spelled.begin(), spelled.end(), false), 21);
}

}  // namespace
}  // namespace everform
