// Pictures and animations as plain 8-bit arrays, and the limits that readers of picture files hold to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace everform {

/// A picture: rows from the top, pixels from the left, channels interleaved.
struct Image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t channels = 0;         ///< 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
  std::vector<std::uint8_t> pixels;  ///< [height, width, channels]

  Image() = default;
  /// A picture of one value. Throws Error{kFailed} for sizes that are not positive or channels outside 1..4.
  Image(std::int64_t width, std::int64_t height, std::int64_t channels, std::uint8_t value = 0);

  std::uint8_t* at(std::int64_t x, std::int64_t y) { return pixels.data() + (y * width + x) * channels; }
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const {
    return pixels.data() + (y * width + x) * channels;
  }

  bool operator==(const Image&) const = default;
};

/// Frames of one size, shown one after the other.
struct Animation {
  struct Frame {
    Image image;
    std::int64_t milliseconds = 100;  ///< how long it stays
  };
  std::vector<Frame> frames;
  std::int64_t loops = 0;  ///< times it is played, 0: for ever
};

/// What a picture file may ask for before it is refused.
struct ImageLimits {
  std::int64_t side = 1 << 15;                  ///< pixels along one side
  std::int64_t pixels = std::int64_t{1} << 26;  ///< pixels of one picture, or of all frames together
  std::int64_t frames = 10'000;
};

/// Throws Error{kBadInput} where width x height is not positive or beyond the limits. @param where the file
void check_image_size(std::int64_t width, std::int64_t height, const ImageLimits& limits,
                      const std::string& where);

/// Throws Error{kFailed} unless sizes, channels and the number of pixels agree. @param where what is being
/// written
void check_image(const Image& image, const std::string& where);

/// Throws Error{kFailed} unless there is a frame and all frames have the size and channels of the first.
void check_animation(const Animation& animation, const std::string& where);

/// The picture with another number of channels: grey is repeated, colour becomes luma (ITU-R BT.601: 0.299,
/// 0.587, 0.114), a new alpha is opaque and an old one is dropped.
Image with_channels(const Image& image, std::int64_t channels);

}  // namespace everform
