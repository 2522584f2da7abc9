// Pictures and animations as files, whatever their format: chosen by content when reading, by the name's
// ending when writing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "everform/core/io/image.h"

namespace everform {

/// Reads a PNG, GIF (its first frame), PBM or PGM. Throws Error{kBadInput} naming `where` where it is none of
/// them.
Image decode_picture(std::span<const std::byte> data, const std::string& where,
                     const ImageLimits& limits = {});
Image read_picture(const std::filesystem::path& path, const ImageLimits& limits = {});

/// Writes .png, .gif, .pbm or .pgm. Throws Error{kUsage} naming the endings for another one.
void write_picture(const std::filesystem::path& path, const Image& image);

/// Writes .gif, .apng or .png (an APNG too). Throws Error{kUsage} naming the endings for another one.
void write_animation(const std::filesystem::path& path, const Animation& animation);

}  // namespace everform
