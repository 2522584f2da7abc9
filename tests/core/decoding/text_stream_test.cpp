#include "everform/core/decoding/text_stream.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/base/utf8.h"
#include "fake_model.h"

namespace everform {
namespace {

TEST(Utf8Assembler, CharactersComeOutWhole) {
  const std::string text = "a\u00e9\u20ac\U0001F600z";
  for (std::size_t size = 1; size <= 4; ++size) {
    Utf8Assembler assembler;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += size) {
      const std::string piece = assembler.push(std::string_view(text).substr(i, size));
      EXPECT_EQ(find_invalid_utf8(piece), std::string_view::npos);
      out += piece;
    }
    EXPECT_EQ(out + assembler.flush(), text) << "in pieces of " << size;
  }
}

TEST(Utf8Assembler, ReplacesWhatCannotBecomeACharacter) {
  const auto whole = [](std::string_view bytes) {
    Utf8Assembler assembler;
    std::string out = assembler.push(bytes);
    return out + assembler.flush();
  };
  // The examples of the Unicode standard's table 3-8 and 3-9: one replacement for each maximal part.
  EXPECT_EQ(whole("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(whole("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(whole("\xED\xA0\x80x"), "\uFFFD\uFFFD\uFFFDx");
  EXPECT_EQ(whole("ok\xF0\x9F\x98"), "ok\uFFFD");
}

TEST(Utf8Assembler, ArbitraryBytesGiveTheSameTextInAnyPieces) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomStream random(seed, "bytes");
    std::string bytes;
    for (int i = 0; i < 40; ++i) {
      // Mostly the bytes where the rules have their corners.
      constexpr unsigned char kCorners[] = {0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                            0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4};
      bytes += static_cast<char>(random.bernoulli(0.8) ? kCorners[random.below(sizeof kCorners)]
                                                       : random.below(256));
    }
    Utf8Assembler whole;
    std::string wanted = whole.push(bytes);
    wanted += whole.flush();
    EXPECT_EQ(find_invalid_utf8(wanted), std::string_view::npos);
    Utf8Assembler single;
    std::string found;
    for (const char byte : bytes) {
      found += single.push(std::string(1, byte));
    }
    EXPECT_EQ(found + single.flush(), wanted) << "seed " << seed;
  }
}

TEST(StopStrings, NothingOfAStopIsShown) {
  StopStrings stops({"END", "\n\n"});
  EXPECT_EQ(stops.push("one E"), "one ");
  EXPECT_EQ(stops.push("N"), "");
  EXPECT_EQ(stops.push("X two\n"), "ENX two");
  EXPECT_EQ(stops.push("three"), "\nthree");
  EXPECT_EQ(stops.push("\n\nfour"), "");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.push("five"), "");
  EXPECT_EQ(stops.flush(), "");
}

TEST(StopStrings, HeldBackTextIsShownAtTheEnd) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.push("the EN"), "the ");
  EXPECT_EQ(stops.flush(), "EN");
}

TEST(StopStrings, PartialMatchesFallBackToShorterOnes) {
  StopStrings stops({"aab"});
  EXPECT_EQ(stops.push("aa"), "");
  EXPECT_EQ(stops.push("a"), "a");
  EXPECT_EQ(stops.push("b"), "");
  EXPECT_TRUE(stops.stopped());
}

TEST(StopStrings, AnyPiecesGiveTheTextBeforeTheFirstCompleteStop) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStream random(seed, "stops");
    const auto draw = [&](std::size_t length) {
      std::string text;
      while (text.size() < length) {
        text += static_cast<char>('a' + random.below(2));
      }
      return text;
    };
    const std::string text = draw(30);
    const std::vector<std::string> list = {draw(1 + random.below(6)) + "b", draw(4)};
    // By the definition: the stop that is complete first, the longer one where two are complete at once.
    std::size_t end = text.size() + 1;
    std::size_t cut = text.size();
    for (const std::string& stop : list) {
      const std::size_t at = text.find(stop);
      if (at != std::string::npos && std::pair(at + stop.size(), at) < std::pair(end, cut)) {
        end = at + stop.size();
        cut = at;
      }
    }
    StopStrings stops(list);
    std::string shown;
    for (const char byte : text) {
      shown += stops.push(std::string(1, byte));
      EXPECT_EQ(shown, text.substr(0, shown.size()));
      EXPECT_LE(shown.size(), cut);
    }
    EXPECT_EQ(shown + stops.flush(), text.substr(0, cut)) << "seed " << seed;
    EXPECT_EQ(stops.stopped(), end <= text.size());
  }
}

TEST(StopStrings, RefusesEmptyAndBrokenStops) {
  EXPECT_THROW(StopStrings({""}), Error);
  EXPECT_THROW(StopStrings({"\xc3"}), Error);
}

TEST(TextStream, LeavesSpecialTokensOutAndStreamsWholeCharacters) {
  const test::ByteTokenizer tokenizer;
  std::vector<std::string> pieces;
  TextStream stream(tokenizer, {"STOP"}, [&](std::string_view piece) { pieces.emplace_back(piece); });
  const std::string text = "\u20acST\u00e9";
  for (const char byte : text) {
    EXPECT_TRUE(stream.push(static_cast<unsigned char>(byte)));
  }
  EXPECT_TRUE(stream.push(test::ByteTokenizer::kEnd));
  stream.finish();
  EXPECT_EQ(stream.text(), text);
  EXPECT_EQ(pieces, (std::vector<std::string>{"\u20ac", "ST\u00e9"}));
}

}  // namespace
}  // namespace everform
