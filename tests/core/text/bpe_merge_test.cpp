// The fast ways of merging against the definition: again and again the pair of the lowest rank, of equals the
// leftmost.
#include "everform/core/text/bpe_merge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "everform/core/base/random.h"

namespace everform::text {
namespace {

struct Rules {
  MergeTable table;
  std::vector<std::uint32_t> lengths;
};

// Random merges over `letters` letters. Trained lists only use pieces made before; `shuffled` ranks break
// that order.
Rules random_rules(RandomStream& random, TokenId letters, TokenId merges, bool shuffled, bool equal_ranks) {
  Rules rules;
  rules.lengths.assign(static_cast<std::size_t>(letters), 1);
  std::vector<std::uint32_t> ranks;
  for (TokenId i = 0; i < merges; ++i) {
    ranks.push_back(static_cast<std::uint32_t>(i));
  }
  if (shuffled) {
    random.shuffle(ranks);
  }
  for (TokenId i = 0; i < merges; ++i) {
    const auto known = static_cast<std::uint64_t>(letters + i);
    const auto left = static_cast<TokenId>(random.below(known));
    const auto right = static_cast<TokenId>(random.below(known));
    std::uint32_t rank = ranks[static_cast<std::size_t>(i)];
    rank = equal_ranks ? rank / 3 : rank;
    if (rules.table.find(left, right) == nullptr) {
      rules.table.add(left, right, {rank, letters + i});
    }
    rules.lengths.push_back(rules.lengths[static_cast<std::size_t>(left)] +
                            rules.lengths[static_cast<std::size_t>(right)]);
  }
  rules.table.finish();
  return rules;
}

std::vector<TokenSpan> random_symbols(RandomStream& random, TokenId letters, std::size_t count) {
  std::vector<TokenSpan> symbols;
  TokenId letter = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    letter = random.bernoulli(0.5) ? letter
                                   : static_cast<TokenId>(random.below(static_cast<std::uint64_t>(letters)));
    symbols.push_back({letter, 5 + i, 6 + i});
  }
  return symbols;
}

std::vector<TokenSpan> merge_plainly(const MergeTable& table, std::vector<TokenSpan> symbols) {
  for (;;) {
    const Merge* best = nullptr;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge* merge = table.find(symbols[i].id, symbols[i + 1].id);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) {
        best = merge;
        place = i;
      }
    }
    if (best == nullptr) {
      return symbols;
    }
    symbols[place] = {best->result, symbols[place].begin, symbols[place + 1].end};
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

template <typename MergeBy>
std::vector<TokenSpan> merged(std::vector<TokenSpan> symbols, MergeBy merge_by) {
  symbols.resize(merge_by(std::span(symbols)));
  return symbols;
}

TEST(BpeMerge, AllWaysAgreeWithTheDefinition) {
  MergeScratch scratch;  // one for all, so that what a call leaves behind shows
  int ordered = 0;
  for (std::uint64_t item = 0; item < 4000; ++item) {
    RandomStream random(3, "merge", 0, item);
    const auto letters = static_cast<TokenId>(1 + random.below(4));
    const bool shuffled = item % 4 == 1;
    const bool equal_ranks = item % 4 == 2;
    const Rules rules =
        random_rules(random, letters, static_cast<TokenId>(random.below(40)), shuffled, equal_ranks);
    const auto symbols = random_symbols(random, letters, 1 + random.below(item % 50 == 0 ? 300 : 60));
    const auto expected = merge_plainly(rules.table, symbols);
    EXPECT_EQ(merged(symbols, [&](auto s) { return scratch.merge_by_scan(rules.table, s); }), expected)
        << item;
    EXPECT_EQ(merged(symbols, [&](auto s) { return scratch.merge_by_heap(rules.table, s); }), expected)
        << item;
    EXPECT_EQ(merged(symbols, [&](auto s) { return scratch.merge(rules.table, rules.lengths, s); }), expected)
        << item;
    if (rules.table.ordered()) {
      ++ordered;
      EXPECT_EQ(merged(symbols, [&](auto s) { return scratch.merge_by_runs(rules.table, rules.lengths, s); }),
                expected)
          << item;
    }
  }
  EXPECT_GT(ordered, 1500);
}

TEST(BpeMerge, OrderedMeansThatNothingNewComesFirst) {
  MergeTable trained;
  trained.add(0, 1, {0, 2});
  trained.add(2, 0, {1, 3});
  trained.finish();
  EXPECT_TRUE(trained.ordered());
  MergeTable backwards;
  backwards.add(0, 1, {1, 2});
  backwards.add(2, 0, {0, 3});
  backwards.finish();
  EXPECT_FALSE(backwards.ordered());
  MergeTable equal;
  equal.add(0, 1, {0, 2});
  equal.add(1, 0, {0, 3});
  equal.finish();
  EXPECT_FALSE(equal.ordered());
}

TEST(BpeMerge, AMillionEqualLettersAreOneRun) {
  // a a -> aa -> aaaa: doubling thirty times.
  Rules rules;
  rules.lengths = {1};
  for (TokenId i = 0; i < 30; ++i) {
    rules.table.add(i, i, {static_cast<std::uint32_t>(i), i + 1});
    rules.lengths.push_back(std::uint32_t{1} << (i + 1));
  }
  rules.table.finish();
  std::vector<TokenSpan> symbols;
  for (std::uint32_t i = 0; i < 1'000'003; ++i) {
    symbols.push_back({0, i, i + 1});
  }
  MergeScratch scratch;
  symbols.resize(scratch.merge(rules.table, rules.lengths, symbols));
  std::uint32_t at = 0;
  std::vector<TokenId> ids;
  for (const TokenSpan& symbol : symbols) {
    EXPECT_EQ(symbol.begin, at);
    at = symbol.end;
    ids.push_back(symbol.id);
  }
  EXPECT_EQ(at, 1'000'003U);
  EXPECT_EQ(ids, (std::vector<TokenId>{19, 18, 17, 16, 14, 9, 6, 1, 0}));  // the binary digits of 1,000,003
}

TEST(BpeMerge, SymbolsWithGapsKeepThem) {
  MergeTable table;
  table.add(0, 0, {0, 1});
  table.finish();
  std::vector<TokenSpan> symbols;
  for (std::uint32_t i = 0; i < 100; ++i) {
    symbols.push_back({0, 3 * i, 3 * i + 2});  // a dropped byte after each
  }
  MergeScratch scratch;
  symbols.resize(scratch.merge(table, {2, 4}, symbols));
  ASSERT_EQ(symbols.size(), 50U);
  EXPECT_EQ(symbols[1], (TokenSpan{1, 6, 11}));
}

}  // namespace
}  // namespace everform::text
