// GIF animations through giflib.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "everform/core/io/image.h"

namespace everform {

/// The animation as a GIF89a file. An animation of at most 256 colours keeps them exactly; in one of more
/// each frame gets the best palette of 256 that giflib finds. GIF has no half transparency: pixels with alpha
/// below 128 become transparent (and leave one palette entry less). Delays are rounded to hundredths of a
/// second, at least 2 (browsers slow down what is faster). Throws Error{kFailed} for no frames, frames of
/// different sizes or sides over 65,535.
std::string encode_gif(const Animation& animation);

/// Reads a GIF into whole frames, each drawn over the ones before as its disposal says: RGB, or RGBA where a
/// pixel is transparent. `loops` is 1 where the file does not say. Throws Error{kBadInput} naming `where` for
/// anything that is no whole GIF or that passes `limits`.
Animation decode_gif(std::span<const std::byte> data, const std::string& where,
                     const ImageLimits& limits = {});

/// Whether the data begin as a GIF file does.
bool looks_like_gif(std::span<const std::byte> data);

void write_gif(const std::filesystem::path& path, const Animation& animation);
/// Throws kMissing where the file is absent, kBadInput as decode_gif.
Animation read_gif(const std::filesystem::path& path, const ImageLimits& limits = {});

}  // namespace everform
