// Animated PNG: full colour, lossless, shown by every browser. libpng writes no animations, so the chunks are
// ours (APNG specification 1.0; part of PNG since its third edition, W3C 2025).
#pragma once

#include <filesystem>
#include <string>

#include "everform/core/io/image.h"

namespace everform {

/// The animation as an APNG file; its first frame is what programs without APNG show. Delays are rounded to
/// whole milliseconds of at most 65,535. Throws Error{kFailed} for no frames or frames of different sizes.
std::string encode_apng(const Animation& animation);

void write_apng(const std::filesystem::path& path, const Animation& animation);

}  // namespace everform
