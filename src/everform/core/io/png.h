// PNG files through libpng.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "everform/core/io/image.h"

namespace everform {

/// The picture as a PNG file of 8 bits a channel. The bytes depend on the picture and the zlib version alone.
std::string encode_png(const Image& image);

/// Reads a PNG of any kind into 8 bits a channel: palettes become RGB (RGBA with transparency), 16-bit
/// channels are scaled, fewer bits are spread over 0..255. Gamma and colour profiles are left alone: values
/// are the file's. Of an APNG it gives the still picture. Throws Error{kBadInput} naming `where` for anything
/// that is no whole PNG or that passes `limits`.
Image decode_png(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits = {});

/// Whether the data begin as a PNG file does.
bool looks_like_png(std::span<const std::byte> data);

void write_png(const std::filesystem::path& path, const Image& image);
/// Throws kMissing where the file is absent, kBadInput as decode_png.
Image read_png(const std::filesystem::path& path, const ImageLimits& limits = {});

}  // namespace everform
