#include "everform/workbench/training/token_data.h"

#include <gtest/gtest.h>

#include <set>

#include "everform/core/base/error.h"
#include "everform/core/io/safetensors.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

class TokenDataTest : public testing::Test {
 protected:
  /// Tokens 0, 1, 2, ... modulo the vocabulary.
  std::shared_ptr<TokenFile> counting(std::int64_t count, std::int64_t vocabulary, bool with_mask = false) {
    std::vector<TokenId> tokens;
    std::vector<std::uint8_t> mask;
    for (std::int64_t i = 0; i < count; ++i) {
      tokens.push_back(static_cast<TokenId>(i % vocabulary));
      mask.push_back(i % 3 == 0 ? 1 : 0);
    }
    write_token_file(path(), tokens, vocabulary,
                     with_mask ? std::span<const std::uint8_t>(mask) : std::span<const std::uint8_t>());
    return std::make_shared<TokenFile>(path());
  }
  std::filesystem::path path() const { return folder_.path() / "tokens.safetensors"; }
  test::TemporaryFolder folder_;
};

TEST_F(TokenDataTest, FilesComeBackInTheSmallestType) {
  for (const auto& [vocabulary, bytes] : {std::pair{256, 1}, {257, 2}, {32768, 2}, {32769, 4}}) {
    const auto file = counting(40000, vocabulary, true);
    EXPECT_EQ(file->size(), 40000);
    EXPECT_EQ(file->vocabulary(), vocabulary);
    EXPECT_NEAR(static_cast<double>(std::filesystem::file_size(path())), 40000.0 * (bytes + 1), 400.0);
    std::vector<std::int64_t> tokens(3);
    std::vector<std::uint8_t> mask(3);
    file->read(39997, tokens);
    file->read_mask(39997, mask);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(tokens[i], static_cast<std::int64_t>((39997 + i) % static_cast<std::size_t>(vocabulary)));
      EXPECT_EQ(mask[i], (39997 + i) % 3 == 0 ? 1 : 0);
    }
    EXPECT_THROW(file->read(39998, tokens), Error);
    EXPECT_THROW(file->read(-1, tokens), Error);
  }
}

TEST_F(TokenDataTest, RefusesFilesThatLie) {
  const std::vector<TokenId> outside{0, 5};
  EXPECT_THROW(write_token_file(path(), outside, 5), Error);
  const std::vector<std::uint8_t> bytes{0, 1, 250, 3};
  const auto write = [&](ElementType type, std::vector<std::int64_t> shape, const std::string& name,
                         const std::map<std::string, std::string>& metadata) {
    write_safetensors(
        path(), {{name, type, std::move(shape), [&] { return std::as_bytes(std::span(bytes)); }}}, metadata);
  };
  const auto opens = [&] {
    try {
      const TokenFile file(path());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      return false;
    }
    return true;
  };
  write(ElementType::kU8, {4}, "tokens", {{"vocabulary", "10"}});
  ASSERT_TRUE(opens());
  std::vector<std::int64_t> tokens(4);
  EXPECT_THROW(TokenFile(path()).read(0, tokens), Error) << "250 is no token of a vocabulary of 10";
  write(ElementType::kU8, {4}, "tokens", {});
  EXPECT_FALSE(opens());
  write(ElementType::kU8, {4}, "tokens", {{"vocabulary", "-3"}});
  EXPECT_FALSE(opens());
  write(ElementType::kU8, {4}, "tokens", {{"vocabulary", "99999999999999999999"}});
  EXPECT_FALSE(opens());
  write(ElementType::kU8, {4}, "words", {{"vocabulary", "10"}});
  EXPECT_FALSE(opens());
  write(ElementType::kU8, {2, 2}, "tokens", {{"vocabulary", "10"}});
  EXPECT_FALSE(opens());
  write(ElementType::kF32, {1}, "tokens", {{"vocabulary", "10"}});
  EXPECT_FALSE(opens());
}

TEST_F(TokenDataTest, AnEpochHoldsEveryWindowOnce) {
  // 100 windows of 7 and a rest.
  const auto file = counting(101 * 7 + 3, 30000);
  const TokenDataSource source(file, {.context = 7, .batch = 6, .seed = 1});
  EXPECT_EQ(source.windows_per_epoch(), 100);
  std::map<std::int64_t, std::set<std::int64_t>> begins;
  for (std::int64_t position = 0; position < 500; ++position) {
    const Batch batch = source.batch(position / 6, position % 6, 1);
    const torch::Tensor tokens = batch.at("tokens")[0];
    const torch::Tensor targets = batch.at("targets")[0];
    EXPECT_TRUE(torch::equal(tokens + 1, targets));
    EXPECT_TRUE(torch::equal(tokens, tokens[0] + torch::arange(7)));
    begins[position / 100].insert(tokens[0].item<std::int64_t>());
  }
  for (const auto& [epoch, found] : begins) {
    EXPECT_EQ(found.size(), 100U);
    EXPECT_EQ(*found.rbegin() - *found.begin(), 99 * 7) << "the windows of an epoch do not overlap";
  }
  std::set<std::int64_t> borders;
  for (const auto& [epoch, found] : begins) {
    borders.insert(*found.begin());
  }
  EXPECT_GT(borders.size(), 2U) << "the borders move from epoch to epoch";
}

TEST_F(TokenDataTest, SplitsDoNotMatterAndMasksBelongToTargets) {
  const TokenDataSource source(counting(500, 300, true), {.context = 5, .batch = 8, .seed = 2});
  const Batch whole = source.batch(3, 0, 8);
  for (const char* name : {"tokens", "targets", "mask"}) {
    EXPECT_TRUE(torch::equal(whole.at(name),
                             torch::cat({source.batch(3, 0, 3).at(name), source.batch(3, 3, 5).at(name)})));
  }
  for (std::int64_t item = 0; item < 8; ++item) {
    const std::int64_t first = whole.at("tokens")[item][0].item<std::int64_t>();
    for (std::int64_t i = 0; i < 5; ++i) {
      // The window began at `first` or 300 later.
      const bool either = (first + i + 1) % 3 == 0;
      EXPECT_EQ(whole.at("mask")[item][i].item<int>(), either ? 1 : 0);
    }
  }
  EXPECT_FALSE(torch::equal(whole.at("tokens"), source.batch(4, 0, 8).at("tokens")));
}

TEST_F(TokenDataTest, OneWindowIsEnoughAndLessIsAnError) {
  const TokenDataSource source(counting(6, 10), {.context = 5, .batch = 1});
  EXPECT_EQ(source.windows_per_epoch(), 1);
  EXPECT_TRUE(torch::equal(source.batch(9, 0, 1).at("targets")[0], torch::arange(1, 6)));
  const auto file = counting(5, 10);
  EXPECT_THROW(TokenDataSource(file, {.context = 5}), Error);
}

TEST_F(TokenDataTest, IdentityTellsFilesApart) {
  const auto identity = [&](std::int64_t count) { return counting(count, 10)->identity(); };
  EXPECT_NE(identity(50), identity(51));
  EXPECT_EQ(identity(50), identity(50));
}

}  // namespace
}  // namespace everform
