#include "everform/core/io/netpbm.h"

#include <algorithm>
#include <string_view>

#include "everform/core/base/error.h"

namespace everform {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class NetpbmReader {
 public:
  NetpbmReader(std::string_view text, const std::string& where, const ImageLimits& limits)
      : text_(text), where_(where), limits_(limits) {}

  Image read() {
    const char kind = text_[1];
    at_ = 2;
    const bool bitmap = kind == '1' || kind == '4';
    const std::int64_t width = number("the width", INT32_MAX);
    const std::int64_t height = number("the height", INT32_MAX);
    check_image_size(width, height, limits_, where_);
    const std::int64_t maximum = bitmap ? 1 : number("maxval", 65535);
    if (maximum == 0) {
      fail("maxval is 0, it must be 1 to 65535");
    }
    Image image(width, height, 1);
    if (kind == '4' || kind == '5') {
      if (at_ >= text_.size() || !is_space(text_[at_])) {
        fail("one white space must stand before the pixels");
      }
      ++at_;
    }
    switch (kind) {
      case '1':
        return read_plain_bits(std::move(image));
      case '2':
        return read_plain_values(std::move(image), maximum);
      case '4':
        return read_packed_bits(std::move(image));
      default:
        return read_packed_values(std::move(image), maximum);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    std::size_t line = 1;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < std::min(at_, text_.size()); ++i) {
      if (text_[i] == '\n') {
        ++line;
        begin = i + 1;
      }
    }
    throw Error(ErrorKind::kBadInput,
                where_ + ":" + std::to_string(line) + ":" + std::to_string(at_ - begin + 1), message);
  }

  void skip_space() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (is_space(text_[at_])) {
        ++at_;
      } else {
        break;
      }
    }
  }

  std::int64_t number(const char* what, std::int64_t limit) {
    skip_space();
    if (at_ >= text_.size() || !is_digit(text_[at_])) {
      fail(at_ >= text_.size()
               ? "the file ends where " + std::string(what) + " should be"
               : "'" + printable(std::string(1, text_[at_])) + "' where " + what + " should be");
    }
    const std::size_t begin = at_;
    std::int64_t value = 0;
    while (at_ < text_.size() && is_digit(text_[at_])) {
      value = value * 10 + (text_[at_] - '0');
      ++at_;
      if (value > limit) {
        at_ = begin;
        fail(std::string(what) + " is over " + std::to_string(limit));
      }
    }
    return value;
  }

  Image read_plain_bits(Image image) {
    for (std::uint8_t& pixel : image.pixels) {
      skip_space();
      if (at_ >= text_.size()) {
        fail("the file ends before its " + std::to_string(image.pixels.size()) + " pixels");
      }
      if (text_[at_] != '0' && text_[at_] != '1') {
        fail("'" + printable(std::string(1, text_[at_])) + "' where a pixel 0 or 1 should be");
      }
      pixel = text_[at_++] == '1' ? 0 : 255;
    }
    return image;
  }

  Image read_plain_values(Image image, std::int64_t maximum) {
    for (std::uint8_t& pixel : image.pixels) {
      pixel = scaled(number("a grey value", maximum), maximum);
    }
    return image;
  }

  Image read_packed_bits(Image image) {
    const std::size_t row_bytes = static_cast<std::size_t>((image.width + 7) / 8);
    need(row_bytes * static_cast<std::size_t>(image.height));
    for (std::int64_t y = 0; y < image.height; ++y) {
      for (std::int64_t x = 0; x < image.width; ++x) {
        const auto byte = static_cast<std::uint8_t>(text_[at_ + static_cast<std::size_t>(x / 8)]);
        *image.at(x, y) = (byte >> (7 - x % 8) & 1) != 0 ? 0 : 255;
      }
      at_ += row_bytes;
    }
    return image;
  }

  Image read_packed_values(Image image, std::int64_t maximum) {
    const std::size_t bytes = maximum > 255 ? 2 : 1;
    need(bytes * image.pixels.size());
    for (std::uint8_t& pixel : image.pixels) {
      std::int64_t value = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        value = value << 8 | static_cast<std::uint8_t>(text_[at_++]);
      }
      if (value > maximum) {
        throw Error(ErrorKind::kBadInput, where_,
                    "grey value " + std::to_string(value) + " before offset " + std::to_string(at_) +
                        " is over maxval " + std::to_string(maximum));
      }
      pixel = scaled(value, maximum);
    }
    return image;
  }

  void need(std::size_t bytes) const {
    if (text_.size() - at_ < bytes) {
      throw Error(ErrorKind::kBadInput, where_,
                  "pixels begin at offset " + std::to_string(at_) + " and need " + std::to_string(bytes) +
                      " bytes; the file has " + std::to_string(text_.size()));
    }
  }

  static std::uint8_t scaled(std::int64_t value, std::int64_t maximum) {
    return static_cast<std::uint8_t>((value * 255 + maximum / 2) / maximum);
  }

  std::string_view text_;
  const std::string& where_;
  ImageLimits limits_;
  std::size_t at_ = 0;
};

std::string header(const char* kind, const Image& image) {
  return std::string(kind) + "\n" + std::to_string(image.width) + " " + std::to_string(image.height) + "\n";
}

}  // namespace

bool looks_like_netpbm(std::span<const std::byte> data) {
  if (data.size() < 3 || static_cast<char>(data[0]) != 'P') {
    return false;
  }
  const char kind = static_cast<char>(data[1]);
  const char next = static_cast<char>(data[2]);
  return (kind == '1' || kind == '2' || kind == '4' || kind == '5') && (is_space(next) || next == '#');
}

Image decode_netpbm(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits) {
  if (!looks_like_netpbm(data)) {
    throw Error(ErrorKind::kBadInput, where, "no PBM or PGM file: it begins with none of P1, P2, P4, P5");
  }
  return NetpbmReader({reinterpret_cast<const char*>(data.data()), data.size()}, where, limits).read();
}

std::string encode_pbm(const Image& image) {
  const Image grey = with_channels(image, 1);
  std::string out = header("P1", grey);
  constexpr std::int64_t kLine = 70;  // the format asks for lines of at most 70 characters
  for (std::int64_t y = 0; y < grey.height; ++y) {
    for (std::int64_t x = 0; x < grey.width; ++x) {
      out.push_back(*grey.at(x, y) < 128 ? '1' : '0');
      if (x + 1 == grey.width || (x + 1) % kLine == 0) {
        out.push_back('\n');
      }
    }
  }
  return out;
}

std::string encode_pgm(const Image& image) {
  const Image grey = with_channels(image, 1);
  std::string out = header("P5", grey) + "255\n";
  return out.append(reinterpret_cast<const char*>(grey.pixels.data()), grey.pixels.size());
}

}  // namespace everform
