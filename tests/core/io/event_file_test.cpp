#include "everform/core/io/event_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "everform/core/base/error.h"
#include "everform/core/io/crc32c.h"
#include "everform/core/io/image.h"
#include "everform/core/io/png.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32cTest, KnownAnswers) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\0'))), 0x8A9136AAU);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\xff'))), 0x62A8AB43U);
  std::string rising;
  for (char c = 0; c < 32; ++c) {
    rising.push_back(c);
  }
  EXPECT_EQ(crc32c(bytes_of(rising)), 0x46DD794EU);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32cTest, GoesOnFromAnyPoint) {
  const std::string text = "a text of a length that is no multiple of eight";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t head = crc32c(bytes_of(text.substr(0, cut)));
    EXPECT_EQ(crc32c(bytes_of(text.substr(cut)), head), crc32c(bytes_of(text)));
  }
}

std::uint64_t little_endian(std::string_view data, std::size_t at, int size) {
  std::uint64_t value = 0;
  std::memcpy(&value, data.data() + at, static_cast<std::size_t>(size));
  return value;
}

/// The records of a file, checked against their frames.
std::vector<std::string> records_of(const std::filesystem::path& path) {
  const std::string data = read_file(path);
  const auto unmask = [](std::uint32_t masked) {
    const std::uint32_t turned = masked - 0xa282ead8U;
    return (turned << 15) | (turned >> 17);
  };
  std::vector<std::string> records;
  for (std::size_t at = 0; at < data.size();) {
    const std::uint64_t length = little_endian(data, at, 8);
    EXPECT_EQ(unmask(static_cast<std::uint32_t>(little_endian(data, at + 8, 4))),
              crc32c(bytes_of(data.substr(at, 8))));
    records.push_back(data.substr(at + 12, length));
    EXPECT_EQ(unmask(static_cast<std::uint32_t>(little_endian(data, at + 12 + length, 4))),
              crc32c(bytes_of(records.back())));
    at += length + 16;
  }
  return records;
}

TEST(EventFileTest, WritesFramedEvents) {
  const test::TemporaryFolder folder;
  std::filesystem::path path;
  {
    EventFile file(folder.path(), 300);
    file.add_scalar(301, "loss", 0.5);
    write_png(folder.path() / "x.png", Image(5, 7, 3, 9));
    file.add_image(302, "samples/x", read_file(folder.path() / "x.png"));
    path = file.path();
    EXPECT_THROW(file.add_image(303, "samples/y", "GIF89a, which is no PNG file"), Error);
  }
  EXPECT_TRUE(path.filename().string().starts_with("events.out.tfevents."));
  const auto records = records_of(path);
  ASSERT_EQ(records.size(), 4U);
  // Field 1 (wall time) is 9 bytes; then come the bytes that protobuf's encoding says.
  EXPECT_EQ(records[0].substr(9),
            "\x1a\x0d"
            "brain.Event:2");
  EXPECT_EQ(records[1].substr(9), std::string("\x10\xac\x02\x3a\x02\x08\x01", 7));
  EXPECT_EQ(records[2].substr(9),
            std::string("\x10\xad\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", 18));
  EXPECT_NE(records[3].find(std::string("\x08\x07\x10\x05\x18\x03\x22", 7)), std::string::npos)
      << "height, width, channels";
}

TEST(EventFileTest, TwoFilesOfOneSecondDiffer) {
  const test::TemporaryFolder folder;
  const EventFile a(folder.path());
  const EventFile b(folder.path());
  EXPECT_NE(a.path(), b.path());
}

TEST(EventFileTest, SaysWhyItCannotWrite) {
  EXPECT_THROW(EventFile("/nonexistent/folder"), Error);
}

}  // namespace
}  // namespace everform
