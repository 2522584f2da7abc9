#include "everform/core/io/gif.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"

namespace everform {
namespace {

Animation decode(const std::string& data, const ImageLimits& limits = {}) {
  return decode_gif(std::as_bytes(std::span(data)), "test.gif", limits);
}

/// Frames of few colours.
Animation flat(std::size_t frames, std::int64_t width, std::int64_t height, std::uint32_t colours) {
  Animation animation;
  for (std::size_t f = 0; f < frames; ++f) {
    RandomStream random(7, "test.gif", f);
    Image image(width, height, 3);
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
      const auto colour = static_cast<std::uint8_t>(random.below(colours));
      image.pixels[i] = colour;
      image.pixels[i + 1] = static_cast<std::uint8_t>(255 - colour);
      image.pixels[i + 2] = static_cast<std::uint8_t>(3 * colour);
    }
    animation.frames.push_back({image, static_cast<std::int64_t>(20 + 10 * f)});
  }
  return animation;
}

void expect_same(const Animation& got, const Animation& wanted) {
  ASSERT_EQ(got.frames.size(), wanted.frames.size());
  EXPECT_EQ(got.loops, wanted.loops);
  for (std::size_t i = 0; i < got.frames.size(); ++i) {
    EXPECT_EQ(got.frames[i].image, wanted.frames[i].image) << i;
    EXPECT_EQ(got.frames[i].milliseconds, wanted.frames[i].milliseconds) << i;
  }
}

void expect_refused(const std::string& data, const ImageLimits& limits = {}) {
  try {
    decode(data, limits);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    EXPECT_EQ(error.where(), "test.gif");
  }
}

TEST(Gif, RoundTripsUpTo256Colours) {
  for (const std::uint32_t colours : {1U, 2U, 3U, 17U, 256U}) {
    expect_same(decode(encode_gif(flat(4, 37, 23, colours))), flat(4, 37, 23, colours));
  }
  Animation twice = flat(2, 3, 3, 5);
  twice.loops = 2;
  expect_same(decode(encode_gif(twice)), twice);
  twice.loops = 1;
  expect_same(decode(encode_gif(twice)), twice);
}

TEST(Gif, KeepsTransparencyFrameByFrame) {
  Animation animation;
  for (int f = 0; f < 3; ++f) {
    Image image(4, 4, 4, 255);
    for (int i = 0; i < 4; ++i) {
      std::fill_n(image.at(i, f), 4, std::uint8_t{0});
    }
    animation.frames.push_back({image, 50});
  }
  expect_same(decode(encode_gif(animation)), animation);
}

TEST(Gif, ManyColoursStayNear) {
  Animation animation;
  Image image(64, 64, 3);
  for (std::int64_t y = 0; y < 64; ++y) {
    for (std::int64_t x = 0; x < 64; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>(4 * x);
      image.at(x, y)[1] = static_cast<std::uint8_t>(4 * y);
      image.at(x, y)[2] = static_cast<std::uint8_t>(2 * (x + y));
    }
  }
  animation.frames.push_back({image, 100});
  const Image back = decode(encode_gif(animation)).frames[0].image;
  ASSERT_EQ(back.pixels.size(), image.pixels.size());
  double total = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    total += std::abs(int{image.pixels[i]} - int{back.pixels[i]});
  }
  EXPECT_LT(total / static_cast<double>(image.pixels.size()), 12.0);
}

TEST(Gif, RefusesEveryTruncation) {
  const std::string whole = encode_gif(flat(2, 9, 7, 6));
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    expect_refused(whole.substr(0, length));
  }
}

TEST(Gif, SurvivesEveryFlippedByte) {
  const std::string whole = encode_gif(flat(2, 9, 7, 6));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0x01, 0x10, 0x80}) {
      std::string broken = whole;
      broken[at] = static_cast<char>(broken[at] ^ bit);
      try {
        const Animation read = decode(broken, ImageLimits{.side = 4000, .pixels = 1 << 20, .frames = 10});
        EXPECT_FALSE(read.frames.empty());  // GIF has no checksum: a changed colour is read as it stands
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      }
    }
  }
}

TEST(Gif, RefusesBombsAndEmptyFiles) {
  std::string huge = encode_gif(flat(1, 9, 7, 6));
  for (std::size_t at = 6; at < 10; ++at) {
    huge[at] = '\xFF';  // the screen's width and height
  }
  expect_refused(huge);
  expect_refused(encode_gif(flat(3, 9, 7, 6)), ImageLimits{.side = 100, .pixels = 9 * 7 * 2, .frames = 100});
  expect_refused(encode_gif(flat(3, 9, 7, 6)), ImageLimits{.side = 100, .pixels = 10'000, .frames = 2});
  expect_refused("");
  expect_refused("GIF89a");
  expect_refused(std::string("GIF89a\1\0\1\0\0\0\0;", 14));  // a screen, but no picture
}

TEST(Gif, RefusesToWriteWhatIsNoAnimation) {
  EXPECT_THROW(encode_gif({}), Error);
  Animation mixed = flat(2, 3, 3, 2);
  mixed.frames[1].image = Image(3, 4, 3);
  EXPECT_THROW(encode_gif(mixed), Error);
}

}  // namespace
}  // namespace everform
