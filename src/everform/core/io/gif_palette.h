// From pixels to at most 256 palette entries, which is all that a GIF holds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "everform/core/io/image.h"

namespace everform {

/// A GIF's palette of 0xRRGGBB colours, and which entry means "transparent".
struct GifPalette {
  std::vector<std::uint32_t> colours;  ///< 1..256, the transparent entry included
  std::optional<std::uint8_t> transparent;
};

/// All colours of all frames in rising order, where they are at most 256 (255 beside transparency).
std::optional<GifPalette> exact_palette(const Animation& animation);

/// Palette indices of a picture, [height * width], by an exact palette that holds all its colours.
std::vector<std::uint8_t> palette_indices(const Image& image, const GifPalette& palette);

/// A palette of one picture with more colours and its indices, chosen by giflib.
std::vector<std::uint8_t> quantize(const Image& image, GifPalette& palette);

}  // namespace everform
