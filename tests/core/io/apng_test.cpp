#include "everform/core/io/apng.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "everform/core/base/error.h"
#include "everform/core/io/picture_file.h"
#include "everform/core/io/png.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

struct Chunk {
  std::string type;
  std::string data;
};

std::uint32_t u32(const std::string& data, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(data[at + i]);
  }
  return value;
}

std::vector<Chunk> chunks_of(const std::string& file) {
  std::vector<Chunk> chunks;
  std::size_t at = 8;
  while (at < file.size()) {
    const std::size_t length = u32(file, at);
    const std::string body = file.substr(at + 4, 4 + length);
    EXPECT_EQ(u32(file, at + 8 + length),
              crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
    chunks.push_back({body.substr(0, 4), body.substr(4)});
    at += 12 + length;
  }
  EXPECT_EQ(at, file.size());
  return chunks;
}

std::string as_chunk(const std::string& type, const std::string& data) {
  std::string out;
  const std::string body = type + data;
  const auto put = [&out](std::uint64_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(value >> shift));
    }
  };
  put(data.size());
  out += body;
  put(crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return out;
}

Animation three_frames() {
  Animation animation;
  for (int i = 0; i < 3; ++i) {
    Image image(6, 4, 3, static_cast<std::uint8_t>(40 * i));
    image.at(i, i)[1] = 200;
    animation.frames.push_back({image, 100 + i});
  }
  return animation;
}

Image decode(const std::string& data) {
  return decode_png(std::as_bytes(std::span(data)), "test.apng");
}

TEST(Apng, FirstFrameIsTheStillPicture) {
  EXPECT_EQ(decode(encode_apng(three_frames())), three_frames().frames[0].image);
}

TEST(Apng, EveryFrameComesBackThroughLibpng) {
  const Animation animation = three_frames();
  const std::vector<Chunk> chunks = chunks_of(encode_apng(animation));
  ASSERT_EQ(chunks[0].type, "IHDR");
  ASSERT_EQ(chunks[1].type, "acTL");
  EXPECT_EQ(u32(chunks[1].data, 0), 3U);
  EXPECT_EQ(u32(chunks[1].data, 4), 0U);
  EXPECT_EQ(chunks.back().type, "IEND");

  std::uint32_t sequence = 0;
  std::vector<std::string> frames;
  for (const Chunk& chunk : chunks) {
    if (chunk.type == "fcTL") {
      ASSERT_EQ(chunk.data.size(), 26U);
      EXPECT_EQ(u32(chunk.data, 0), sequence++);
      EXPECT_EQ(u32(chunk.data, 4), 6U);
      EXPECT_EQ(u32(chunk.data, 8), 4U);
      EXPECT_EQ(static_cast<std::uint8_t>(chunk.data[21]), 100 + frames.size());
      frames.emplace_back();
    } else if (chunk.type == "IDAT") {
      ASSERT_EQ(frames.size(), 1U);
      frames.back() += as_chunk("IDAT", chunk.data);
    } else if (chunk.type == "fdAT") {
      EXPECT_EQ(u32(chunk.data, 0), sequence++);
      frames.back() += as_chunk("IDAT", chunk.data.substr(4));
    }
  }
  ASSERT_EQ(frames.size(), 3U);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::string png =
        "\x89PNG\r\n\x1a\n" + as_chunk("IHDR", chunks[0].data) + frames[i] + as_chunk("IEND", "");
    EXPECT_EQ(decode(png), animation.frames[i].image) << i;
  }
}

TEST(Apng, RefusesNoFramesAndMixedSizes) {
  EXPECT_THROW(encode_apng({}), Error);
  Animation animation = three_frames();
  animation.frames[1].image = Image(6, 5, 3);
  EXPECT_THROW(encode_apng(animation), Error);
}

TEST(Apng, EndingChoosesTheFormat) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a.png", "a.apng", "a.gif"}) {
    write_animation(folder.path() / name, three_frames());
    EXPECT_EQ(with_channels(read_picture(folder.path() / name), 3), three_frames().frames[0].image) << name;
  }
  try {
    write_animation(folder.path() / "a.webp", three_frames());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.hint().find(".apng"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.webp"));
}

}  // namespace
}  // namespace everform
