#include "everform/core/io/event_file.h"

#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>

#include "everform/core/base/error.h"
#include "everform/core/io/crc32c.h"

namespace everform {
namespace {

// Field numbers of tensorflow.Event, Summary, Summary.Value, Summary.Image and SessionLog.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4 };
enum ImageField { kHeight = 1, kWidth = 2, kColorSpace = 3, kEncodedImage = 4 };
enum SessionLogField { kStatus = 1 };
constexpr std::uint64_t kSessionStart = 1;

/// A protocol buffer message as its wire format.
class Message {
 public:
  Message& integer(int field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
    return *this;
  }
  Message& number(int field, double value) {
    tag(field, 1);
    fixed(std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  Message& number(int field, float value) {
    tag(field, 5);
    fixed(std::bit_cast<std::uint32_t>(value), 4);
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    text_.append(value);
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void tag(int field, int wire_type) { varint(static_cast<std::uint64_t>(field << 3 | wire_type)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      text_.push_back(static_cast<char>(value | 0x80));
    }
    text_.push_back(static_cast<char>(value));
  }
  void fixed(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
      text_.push_back(static_cast<char>(value >> (8 * i)));
    }
  }

  std::string text_;
};

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void append_little_endian(std::string& out, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

std::uint32_t masked_crc(std::string_view data) {
  return std::rotr(crc32c(as_bytes(data)), 15) + 0xa282ead8U;
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Message event_at(std::int64_t step) {
  Message event;
  event.number(kWallTime, wall_time()).integer(kStep, static_cast<std::uint64_t>(step));
  return event;
}

std::filesystem::path new_name(const std::filesystem::path& folder) {
  static std::atomic<unsigned> count{0};
  char host[256] = "localhost";
  if (gethostname(host, sizeof host - 1) != 0 || std::strchr(host, '/') != nullptr) {
    std::strcpy(host, "localhost");
  }
  const auto seconds = static_cast<long long>(wall_time());
  return folder / ("events.out.tfevents." + std::to_string(seconds) + "." + host + "." +
                   std::to_string(getpid()) + "." + std::to_string(count++));
}

std::uint32_t big_endian(std::string_view png, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(png[at + i]);
  }
  return value;
}

// PNG's colour types (grey, RGB, palette, grey and alpha, RGBA) as numbers of channels, which is what
// Summary.Image counts in.
std::uint64_t channels_of(unsigned char colour_type) {
  switch (colour_type) {
    case 0:
      return 1;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 3;
  }
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t first_step, FileSystemCalls& calls)
    : path_(new_name(folder)), calls_(calls) {
  file_ = calls_.open_for_write(path_.c_str());
  if (file_ < 0) {
    throw Error(ErrorKind::kFailed, "creating " + path_.string(), std::strerror(errno), "check the folder");
  }
  add_record(Message().number(kWallTime, wall_time()).bytes(kFileVersion, "brain.Event:2").text());
  if (first_step > 0) {
    add_record(event_at(first_step).message(kSessionLog, Message().integer(kStatus, kSessionStart)).text());
  }
}

EventFile::~EventFile() {
  if (file_ >= 0) {
    calls_.close(file_);
  }
}

void EventFile::add_scalar(std::int64_t step, std::string_view tag, double value) {
  const Message entry = Message().bytes(kTag, tag).number(kSimpleValue, static_cast<float>(value));
  add_record(event_at(step).message(kSummary, Message().message(kValue, entry)).text());
}

void EventFile::add_image(std::int64_t step, std::string_view tag, std::string_view png) {
  static constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
  constexpr std::size_t kHeaderEnd =
      26;  // signature, chunk length and name, width, height, depth, colour type
  if (png.size() < kHeaderEnd || !png.starts_with(kSignature)) {
    throw Error(ErrorKind::kBadInput, "adding an image to " + path_.string(), "it is no PNG file",
                "give a PNG file");
  }
  Message image;
  image.integer(kHeight, big_endian(png, 20))
      .integer(kWidth, big_endian(png, 16))
      .integer(kColorSpace, channels_of(static_cast<unsigned char>(png[25])))
      .bytes(kEncodedImage, png);
  const Message entry = Message().bytes(kTag, tag).message(kImage, image);
  add_record(event_at(step).message(kSummary, Message().message(kValue, entry)).text());
}

void EventFile::add_record(std::string_view event) {
  std::string record;
  append_little_endian(record, event.size(), 8);
  append_little_endian(record, masked_crc(record), 4);
  record.append(event);
  append_little_endian(record, masked_crc(event), 4);
  std::string_view rest = record;
  while (!rest.empty()) {
    const long written = calls_.write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      throw Error(ErrorKind::kFailed, "writing " + path_.string(),
                  std::strerror(written == 0 ? ENOSPC : errno), "check the free space");
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace everform
