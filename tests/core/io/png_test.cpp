#include "everform/core/io/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

Image noise(std::int64_t width, std::int64_t height, std::int64_t channels) {
  Image image(width, height, channels);
  RandomStream random(1, "test.noise");
  for (std::uint8_t& value : image.pixels) {
    value = static_cast<std::uint8_t>(random.next_u32());
  }
  return image;
}

Image decode(const std::string& data, const ImageLimits& limits = {}) {
  return decode_png(std::as_bytes(std::span(data)), "test.png", limits);
}

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

std::string chunk(const std::string& type, const std::string& data) {
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  append_u32(out, static_cast<std::uint32_t>(
                      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
  return out;
}

/// A PNG by hand: header fields and rows (filter bytes included) as given.
std::string by_hand(std::uint32_t width, std::uint32_t height, int bits, int colour, const std::string& rows,
                    const std::string& before_data = "") {
  std::string header;
  append_u32(header, width);
  append_u32(header, height);
  header += {static_cast<char>(bits), static_cast<char>(colour), 0, 0, 0};
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + before_data + chunk("IDAT", packed) +
         chunk("IEND", "");
}

void expect_refused(const std::string& data, const ImageLimits& limits = {}) {
  try {
    decode(data, limits);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    EXPECT_EQ(error.where(), "test.png");
  }
}

TEST(Png, RoundTripsEveryNumberOfChannels) {
  for (std::int64_t channels = 1; channels <= 4; ++channels) {
    for (const auto& [width, height] : {std::pair{1, 1}, {7, 3}, {64, 65}}) {
      const Image image = noise(width, height, channels);
      EXPECT_EQ(decode(encode_png(image)), image) << channels;
    }
  }
}

TEST(Png, ReadsBitsPalettesAndSixteenBits) {
  const Image bits = decode(by_hand(10, 1, 1, 0, std::string("\0\xA0\x40", 3)));
  EXPECT_EQ(bits.channels, 1);
  EXPECT_EQ(bits.pixels, (std::vector<std::uint8_t>{255, 0, 255, 0, 0, 0, 0, 0, 0, 255}));

  const Image palette =
      decode(by_hand(2, 1, 8, 3, std::string("\0\1\0", 3), chunk("PLTE", std::string("\1\2\3\4\5\6"))));
  EXPECT_EQ(palette.channels, 3);
  EXPECT_EQ(palette.pixels, (std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3}));

  const std::string see_through =
      chunk("PLTE", std::string("\1\2\3\4\5\6")) + chunk("tRNS", std::string("\0", 1));
  EXPECT_EQ(decode(by_hand(2, 1, 8, 3, std::string("\0\1\0", 3), see_through)).pixels,
            (std::vector<std::uint8_t>{4, 5, 6, 255, 1, 2, 3, 0}));

  EXPECT_EQ(decode(by_hand(2, 1, 16, 0, std::string("\0\xFF\xFF\x80\x00", 5))).pixels,
            (std::vector<std::uint8_t>{255, 128}));
}

TEST(Png, LeavesValuesAloneUnderAGammaChunk) {
  const std::string gamma = chunk("gAMA", std::string("\0\1\x86\xA0", 4));  // 1.0: linear light
  EXPECT_EQ(decode(by_hand(2, 1, 8, 0, std::string("\0\x40\x80", 3), gamma)).pixels,
            (std::vector<std::uint8_t>{0x40, 0x80}));
}

TEST(Png, RefusesEveryTruncation) {
  const std::string whole = encode_png(noise(9, 5, 3));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    expect_refused(whole.substr(0, length));
  }
}

TEST(Png, RefusesEveryFlippedByteOfItsBody) {
  const std::string whole = encode_png(noise(5, 5, 1));
  // From the header's content on, every byte is covered by a checksum, is one, or is a length or type that
  // then does not fit.
  for (std::size_t at = 0; at + 12 < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x10);
    EXPECT_THROW(decode(broken), Error) << "byte " << at;
  }
}

TEST(Png, RefusesBombsBeforeTakingMemory) {
  expect_refused(by_hand(0x7FFFFFFF, 0x7FFFFFFF, 16, 6, std::string("\0", 1)));
  expect_refused(by_hand(0xFFFFFFFF, 1, 8, 0, std::string("\0", 1)));
  expect_refused(by_hand(30'000, 30'000, 1, 0, std::string("\0", 1)));
  expect_refused(by_hand(0, 5, 8, 0, std::string("\0", 1)));
  expect_refused(encode_png(noise(9, 9, 1)), ImageLimits{.side = 8, .pixels = 1000, .frames = 1});
  expect_refused(encode_png(noise(9, 9, 1)), ImageLimits{.side = 9, .pixels = 80, .frames = 1});
}

TEST(Png, RefusesOtherContentAndTooFewRows) {
  expect_refused("");
  expect_refused("GIF89a, and more");
  expect_refused(by_hand(3, 3, 8, 0, std::string("\0\1\2\3", 4)));
  expect_refused(by_hand(3, 1, 8, 5, std::string("\0\1\2\3", 4)));
  expect_refused(by_hand(2, 1, 8, 3, std::string("\0\1\0", 3)));  // a palette picture without palette
}

TEST(Png, WritesAndReadsFiles) {
  const test::TemporaryFolder folder;
  const Image image = noise(4, 4, 4);
  write_png(folder.path() / "a.png", image);
  EXPECT_EQ(read_png(folder.path() / "a.png"), image);
  try {
    read_png(folder.path() / "absent.png");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMissing);
  }
}

TEST(Png, RefusesToWriteWhatIsNoPicture) {
  Image image(2, 2, 3);
  image.pixels.pop_back();
  EXPECT_THROW(encode_png(image), Error);
  EXPECT_THROW(encode_png(Image()), Error);
  EXPECT_THROW(Image(0, 1, 1), Error);
  EXPECT_THROW(Image(1, 1, 5), Error);
}

TEST(ImageChannels, ConvertByKnownValues) {
  Image colour(1, 1, 4);
  colour.pixels = {255, 0, 0, 7};
  EXPECT_EQ(with_channels(colour, 1).pixels, (std::vector<std::uint8_t>{76}));
  EXPECT_EQ(with_channels(colour, 3).pixels, (std::vector<std::uint8_t>{255, 0, 0}));
  EXPECT_EQ(with_channels(colour, 2).pixels, (std::vector<std::uint8_t>{76, 7}));
  EXPECT_EQ(with_channels(with_channels(colour, 1), 4).pixels, (std::vector<std::uint8_t>{76, 76, 76, 255}));
}

}  // namespace
}  // namespace everform
