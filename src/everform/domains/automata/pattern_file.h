// Patterns as files, whatever their format.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "everform/core/io/image.h"
#include "everform/domains/automata/pattern.h"

namespace everform {

/// Reads RLE, Life 1.06, plaintext, rows of 0 and 1, the first state of a table of states, or a picture (PBM,
/// PNG, ...: a cell a pixel, grey below 128 is alive). The format follows from the content. Throws
/// Error{kBadInput}, naming line and column in a text.
Pattern decode_pattern(std::string_view data, const std::string& where);
/// Throws kMissing where the file is absent.
Pattern read_pattern(const std::filesystem::path& path);

/// A start for a model: the pattern of a file, or a built-in one where `file` is empty, in the middle of a
/// square grid. @param widths sides to choose from, the smallest that holds it is taken. Warns where its rule
/// is not `rule`. Throws Error{kUsage} where it fits none.
Grid start_from_pattern(const std::string& file, const std::string& built_in,
                        std::vector<std::int64_t> widths, const Rule& rule);

/// Writes .rle, .lif, .life, .cells, .txt, .csv, .pbm or .png. Throws Error{kUsage} for another ending.
void write_pattern(const std::filesystem::path& path, const Pattern& pattern);

/// A cell a pixel: grey below 128 is alive, and back: alive is black.
Grid grid_from_image(const Image& image);
Image image_from_grid(const Grid& grid);

}  // namespace everform
