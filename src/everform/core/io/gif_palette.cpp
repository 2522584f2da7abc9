#include "everform/core/io/gif_palette.h"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <set>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr std::size_t kColours = 256;
constexpr std::uint8_t kOpaqueFrom = 128;

bool is_transparent(const Image& image, const std::uint8_t* pixel) {
  return image.channels % 2 == 0 && pixel[image.channels - 1] < kOpaqueFrom;
}

std::uint32_t colour_of(const Image& image, const std::uint8_t* pixel) {
  const std::uint32_t red = pixel[0];
  return image.channels < 3 ? red << 16 | red << 8 | red
                            : red << 16 | static_cast<std::uint32_t>(pixel[1]) << 8 | pixel[2];
}

template <typename Visit>
void for_each_pixel(const Image& image, Visit visit) {
  const std::size_t step = static_cast<std::size_t>(image.channels);
  for (std::size_t at = 0, i = 0; at < image.pixels.size(); at += step, ++i) {
    visit(i, image.pixels.data() + at);
  }
}

}  // namespace

std::optional<GifPalette> exact_palette(const Animation& animation) {
  std::set<std::uint32_t> colours;
  bool transparent = false;
  for (const Animation::Frame& frame : animation.frames) {
    std::uint32_t last = 1U << 24;
    for_each_pixel(frame.image, [&](std::size_t, const std::uint8_t* pixel) {
      if (is_transparent(frame.image, pixel)) {
        transparent = true;
      } else if (const std::uint32_t colour = colour_of(frame.image, pixel);
                 colour != last && colours.size() <= kColours) {
        colours.insert(colour);
        last = colour;
      }
    });
  }
  if (colours.size() + (transparent ? 1 : 0) > kColours) {
    return std::nullopt;
  }
  GifPalette palette{.colours = {colours.begin(), colours.end()}, .transparent = {}};
  if (transparent) {
    palette.transparent = static_cast<std::uint8_t>(palette.colours.size());
    palette.colours.push_back(0);
  }
  return palette;
}

std::vector<std::uint8_t> palette_indices(const Image& image, const GifPalette& palette) {
  std::vector<std::uint8_t> indices(static_cast<std::size_t>(image.width * image.height));
  const auto end = palette.colours.end() - (palette.transparent ? 1 : 0);
  for_each_pixel(image, [&](std::size_t i, const std::uint8_t* pixel) {
    indices[i] = is_transparent(image, pixel)
                     ? *palette.transparent
                     : static_cast<std::uint8_t>(
                           std::lower_bound(palette.colours.begin(), end, colour_of(image, pixel)) -
                           palette.colours.begin());
  });
  return indices;
}

std::vector<std::uint8_t> quantize(const Image& image, GifPalette& palette) {
  const std::size_t count = static_cast<std::size_t>(image.width * image.height);
  std::array<std::vector<GifByteType>, 3> planes;
  planes.fill(std::vector<GifByteType>(count));
  bool transparent = false;
  for_each_pixel(image, [&](std::size_t i, const std::uint8_t* pixel) {
    const std::uint32_t colour = colour_of(image, pixel);
    transparent = transparent || is_transparent(image, pixel);
    for (std::size_t c = 0; c < planes.size(); ++c) {
      planes[c][i] = static_cast<GifByteType>(colour >> (16 - 8 * c));
    }
  });
  int size = static_cast<int>(kColours) - (transparent ? 1 : 0);
  std::array<GifColorType, kColours> colours{};
  std::vector<std::uint8_t> indices(count);
  if (GifQuantizeBuffer(static_cast<unsigned>(image.width), static_cast<unsigned>(image.height), &size,
                        planes[0].data(), planes[1].data(), planes[2].data(), indices.data(),
                        colours.data()) != GIF_OK) {
    throw Error(ErrorKind::kFailed, "writing a GIF", "giflib finds no palette for a frame");
  }
  palette = {};
  for (int i = 0; i < size; ++i) {
    const GifColorType& c = colours[static_cast<std::size_t>(i)];
    palette.colours.push_back(static_cast<std::uint32_t>(c.Red) << 16 |
                              static_cast<std::uint32_t>(c.Green) << 8 | c.Blue);
  }
  if (transparent) {
    palette.transparent = static_cast<std::uint8_t>(palette.colours.size());
    palette.colours.push_back(0);
    for_each_pixel(image, [&](std::size_t i, const std::uint8_t* pixel) {
      if (is_transparent(image, pixel)) {
        indices[i] = *palette.transparent;
      }
    });
  }
  return indices;
}

}  // namespace everform
