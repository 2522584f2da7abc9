#include "everform/core/base/utf8.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(Utf8, EveryCodePointRoundTrips) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) {
      continue;
    }
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(utf8_sequence_length(text, 0), text.size()) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(decode_utf8(text, 0, text.size()), c);
  }
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
  for (const std::string text : {"\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                 "\xf4\x90\x80\x80", "\x80", "\xe2\x82", "\xff", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_EQ(utf8_sequence_length(text, 0), 0U) << testing::PrintToString(text);
  }
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2U);
  EXPECT_EQ(find_invalid_utf8("a\xc3\xa9"), std::string_view::npos);
}

}  // namespace
}  // namespace everform
