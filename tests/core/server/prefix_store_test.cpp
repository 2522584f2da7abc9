#include "everform/core/server/prefix_store.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/server/fair_queue.h"
#include "everform/core/server/token_scores.h"
#include "tests/core/server/history_model.h"

namespace everform::server {
namespace {

using test::byte_tokens;

ReadSequence sequence(const std::string& text) {
  auto state = std::make_unique<test::HistoryModel::Sequence>();
  state->tokens = byte_tokens(text);
  return {std::move(state), byte_tokens(text)};
}

const std::string kLong(30, 'l');

TEST(PrefixStore, FindsTheLongestBeginning) {
  PrefixStore store;
  store.keep(sequence(kLong + "one"));
  store.keep(sequence(std::string(20, 'l')));
  EXPECT_EQ(store.longest(byte_tokens(kLong + "once")), 32U);
  EXPECT_EQ(store.longest(byte_tokens(std::string(15, 'l') + "x")), 0U);  // too short to be worth it
  EXPECT_EQ(store.longest(byte_tokens("other")), 0U);
}

TEST(PrefixStore, CopiesWhatGoesOnDifferently) {
  PrefixStore store;
  store.keep(sequence(kLong + "one"));
  const auto copy = store.take(byte_tokens(kLong + "two"), 30, true);
  EXPECT_EQ(copy->length(), 30U);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.longest(byte_tokens(kLong + "one")), 33U);
  const auto whole = store.take(byte_tokens(kLong + "one!"), 33, true);
  EXPECT_EQ(whole->length(), 33U);
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.tokens(), 0U);
}

TEST(PrefixStore, TakesWhereItMayNotCopy) {
  PrefixStore store;
  store.keep(sequence(kLong + "one"));
  EXPECT_EQ(store.take(byte_tokens(kLong + "two"), 30, false)->length(), 30U);
  EXPECT_EQ(store.tokens(), 0U);
}

TEST(PrefixStore, ALongerOneReplacesItsBeginning) {
  PrefixStore store;
  store.keep(sequence(kLong));
  store.keep(sequence(kLong + "more"));
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.tokens(), 34U);
}

TEST(PrefixStore, GivesUpTheLeastRecentlyUsed) {
  PrefixStore store;
  store.keep(sequence("a" + kLong));
  store.keep(sequence("b" + kLong));
  store.take(byte_tokens("a" + kLong.substr(0, 20)), 21, true);
  EXPECT_TRUE(store.evict());
  EXPECT_EQ(store.longest(byte_tokens("b" + kLong)), 0U);
  EXPECT_EQ(store.longest(byte_tokens("a" + kLong)), 31U);
  EXPECT_TRUE(store.evict());
  EXPECT_FALSE(store.evict());
}

TEST(FairQueue, ClientsTakeTurnsAndKeepTheirOrder) {
  FairQueue<int> queue;
  for (const int i : {1, 2, 3}) {
    queue.push("a", i);
  }
  queue.push("b", 10);
  queue.push("c", 20);
  std::vector<int> order;
  while (!queue.empty()) {
    order.push_back(queue.pop());
  }
  EXPECT_EQ(order, (std::vector<int>{1, 10, 20, 2, 3}));
}

TEST(FairQueue, TakesWhatIsWantedOutOfTheMiddle) {
  FairQueue<int> queue;
  for (const int i : {1, 2, 3, 4}) {
    queue.push(i % 2 == 0 ? "even" : "odd", i);
  }
  std::vector<int> taken;
  queue.take_if([](int i) { return i % 2 == 0 || i == 1; }, [&](int i) { taken.push_back(i); });
  EXPECT_EQ(taken, (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.pop(), 3);
}

TEST(TokenScores, NamesTheLikeliestInOrder) {
  const std::vector<float> logits = {1, 3, 2, 3, -1};
  const ScoredToken scored = score_token(logits, 4, 3);
  ASSERT_EQ(scored.top.size(), 3U);
  EXPECT_EQ(scored.top[0].first, 1);
  EXPECT_EQ(scored.top[1].first, 3);
  EXPECT_EQ(scored.top[2].first, 2);
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit));
  }
  EXPECT_NEAR(scored.logprob, -1 - std::log(sum), 1e-12);
  EXPECT_NEAR(scored.top[0].second, 3 - std::log(sum), 1e-12);
  EXPECT_TRUE(score_token(logits, 0, 0).top.empty());
}

}  // namespace
}  // namespace everform::server
