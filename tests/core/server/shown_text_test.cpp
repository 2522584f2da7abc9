#include "everform/core/server/shown_text.h"

#include <gtest/gtest.h>

#include "tests/core/decoding/fake_model.h"

namespace everform::server {
namespace {

// What comes out token by token: "text|number of scored tokens", and at the end.
std::vector<std::string> shown(const std::string& bytes, const std::vector<std::string>& stop) {
  const test::ByteTokenizer tokenizer;
  ShownText text(tokenizer, stop);
  std::vector<std::string> pieces;
  const auto add = [&](const JobPiece& piece) {
    pieces.push_back(piece.text + "|" + std::to_string(piece.tokens.size()));
  };
  for (const char byte : bytes) {
    const auto token = static_cast<TokenId>(static_cast<unsigned char>(byte));
    const ScoredToken scored{.token = token, .scored = true};
    add(text.push(token, &scored));
    if (text.stopped()) {
      break;
    }
  }
  add(text.finish());
  return pieces;
}

TEST(ShownText, ScoresComeWithTheirText) {
  EXPECT_EQ(shown("xy", {}), (std::vector<std::string>{"x|1", "y|1", "|0"}));
}

TEST(ShownText, TokensOfAStopStringAreNeverShown) {
  EXPECT_EQ(shown("xEND", {"END"}), (std::vector<std::string>{"x|1", "|0", "|0", "|0", "|0"}));
}

TEST(ShownText, WhatOnlyLookedLikeAStopStringComesOut) {
  EXPECT_EQ(shown("xENy", {"END"}), (std::vector<std::string>{"x|1", "|0", "|0", "ENy|3", "|0"}));
  EXPECT_EQ(shown("xEN", {"END"}), (std::vector<std::string>{"x|1", "|0", "|0", "EN|2"}));
}

TEST(ShownText, BytesOfACharacterWaitForIt) {
  EXPECT_EQ(shown("\xc3\xa9", {}), (std::vector<std::string>{"|0", "\xc3\xa9|2", "|0"}));
  EXPECT_EQ(shown("\xc3", {}), (std::vector<std::string>{"|0", "\xef\xbf\xbd|1"}));
}

}  // namespace
}  // namespace everform::server
