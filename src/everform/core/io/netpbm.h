// Portable bitmaps and greymaps: PBM (P1, P4) and PGM (P2, P5).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "everform/core/io/image.h"

namespace everform {

/// Reads a PBM or PGM into one grey channel: a bitmap's 1 is black (0), its 0 white (255); grey values are
/// scaled from 0..maxval to 0..255. Only the first picture of a file is read. Throws Error{kBadInput} at
/// `where`:line:column for a text form (P1, P2) and naming the offset for a binary one.
Image decode_netpbm(std::span<const std::byte> data, const std::string& where,
                    const ImageLimits& limits = {});

/// Whether the data begin as a PBM or PGM does.
bool looks_like_netpbm(std::span<const std::byte> data);

/// A plain-text PBM (P1); grey below 128 is black. Colours are turned to grey first.
std::string encode_pbm(const Image& image);
/// A binary PGM (P5) of maxval 255. Colours are turned to grey first.
std::string encode_pgm(const Image& image);

}  // namespace everform
