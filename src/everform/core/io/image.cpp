#include "everform/core/io/image.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::string size_text(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

bool has_alpha(std::int64_t channels) {
  return channels == 2 || channels == 4;
}

}  // namespace

Image::Image(std::int64_t width_, std::int64_t height_, std::int64_t channels_, std::uint8_t value)
    : width(width_), height(height_), channels(channels_) {
  if (width < 1 || height < 1 || channels < 1 || channels > 4 || width > INT32_MAX || height > INT32_MAX) {
    throw Error(
        ErrorKind::kFailed, "making a picture",
        size_text(width, height) + " pixels of " + std::to_string(channels) + " channels is no picture");
  }
  pixels.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height * channels), value);
}

void check_image_size(std::int64_t width, std::int64_t height, const ImageLimits& limits,
                      const std::string& where) {
  if (width < 1 || height < 1) {
    throw Error(ErrorKind::kBadInput, where, "a picture of " + size_text(width, height) + " pixels is empty");
  }
  if (width > limits.side || height > limits.side || width > limits.pixels / height) {
    throw Error(ErrorKind::kBadInput, where,
                size_text(width, height) + " pixels; at most " + std::to_string(limits.side) +
                    " a side and " + std::to_string(limits.pixels) + " in all are read",
                "scale the picture down");
  }
}

void check_image(const Image& image, const std::string& where) {
  if (image.width < 1 || image.height < 1 || image.channels < 1 || image.channels > 4 ||
      image.width > INT32_MAX || image.height > INT32_MAX ||
      image.pixels.size() !=
          static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height * image.channels)) {
    throw Error(ErrorKind::kFailed, where,
                std::to_string(image.pixels.size()) + " values are no picture of " +
                    size_text(image.width, image.height) + " pixels and " + std::to_string(image.channels) +
                    " channels");
  }
}

void check_animation(const Animation& animation, const std::string& where) {
  if (animation.frames.empty()) {
    throw Error(ErrorKind::kFailed, where, "an animation needs at least one frame");
  }
  const Image& first = animation.frames.front().image;
  for (std::size_t i = 0; i < animation.frames.size(); ++i) {
    const Image& image = animation.frames[i].image;
    check_image(image, where);
    if (image.width != first.width || image.height != first.height || image.channels != first.channels) {
      throw Error(ErrorKind::kFailed, where,
                  "frame " + std::to_string(i) + " has " + size_text(image.width, image.height) +
                      " pixels and " + std::to_string(image.channels) + " channels, the first has " +
                      size_text(first.width, first.height) + " and " + std::to_string(first.channels));
    }
  }
}

Image with_channels(const Image& image, std::int64_t channels) {
  check_image(image, "converting a picture");
  if (channels == image.channels) {
    return image;
  }
  Image out(image.width, image.height, channels, 255);
  const bool colour_in = image.channels >= 3;
  const bool colour_out = channels >= 3;
  const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* from = image.pixels.data() + i * static_cast<std::size_t>(image.channels);
    std::uint8_t* to = out.pixels.data() + i * static_cast<std::size_t>(channels);
    if (colour_out) {
      for (int c = 0; c < 3; ++c) {
        to[c] = colour_in ? from[c] : from[0];
      }
    } else {
      to[0] = colour_in ? luma(from) : from[0];
    }
    if (has_alpha(channels) && has_alpha(image.channels)) {
      to[channels - 1] = from[image.channels - 1];
    }
  }
  return out;
}

}  // namespace everform
