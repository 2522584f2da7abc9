#include "everform/domains/automata/pattern_file.h"

#include <algorithm>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/netpbm.h"
#include "everform/core/io/picture_file.h"
#include "everform/domains/automata/drawn_cells.h"
#include "everform/domains/automata/life106.h"
#include "everform/domains/automata/rle.h"
#include "everform/domains/automata/state_table.h"
#include "everform/domains/automata/text_lines.h"

namespace everform {
namespace {

bool is_picture(std::string_view data) {
  const auto bytes = std::as_bytes(std::span(data));
  return data.starts_with("\x89PNG") || data.starts_with("GIF8") || looks_like_netpbm(bytes);
}

/// The first line that is no comment of RLE.
std::string_view first_line(std::string_view text) {
  for (const TextLine& line : split_lines(text)) {
    if (!line.text.empty() && line.text[0] != '#') {
      return line.text;
    }
  }
  return "";
}

}  // namespace

Pattern decode_pattern(std::string_view data, const std::string& where) {
  if (is_picture(data)) {
    Pattern pattern;
    pattern.grid = grid_from_image(decode_picture(std::as_bytes(std::span(data)), where));
    return pattern;
  }
  if (data.starts_with("#Life 1.06")) {
    return read_life106(data, where);
  }
  const std::string_view first = first_line(data);
  if (first.starts_with('x')) {
    return read_rle(data, where);
  }
  if (first.starts_with("State ") || first.starts_with("GridSize")) {
    Pattern pattern;
    pattern.grid = read_state_table(data, where).runs.front().front();
    return pattern;
  }
  if (first.starts_with('!') || first.starts_with('.') || first.starts_with('O')) {
    return read_plaintext(data, where);
  }
  if (first.starts_with('0') || first.starts_with('1')) {
    return read_bit_rows(data, where);
  }
  fail_at(where, 1, 1, data.empty() ? "an empty file holds no grid" : "the content is no pattern",
          "read are RLE, Life 1.06, .cells, rows of 0 and 1, CSV with a column State 1, PBM and PNG");
}

Pattern read_pattern(const std::filesystem::path& path) {
  const std::string data = read_file(path);
  return decode_pattern(data, path.string());
}

Grid start_from_pattern(const std::string& file, const std::string& built_in,
                        std::vector<std::int64_t> widths, const Rule& rule) {
  const Pattern pattern = file.empty() ? built_in_pattern(built_in) : read_pattern(file);
  if (pattern.rule && *pattern.rule != rule) {
    log_warning("the pattern is for the rule " + rule_text(*pattern.rule) + ", the model for " +
                rule_text(rule));
  }
  std::sort(widths.begin(), widths.end());
  const std::int64_t needed = std::max(pattern.grid.width(), pattern.grid.height());
  const auto found = std::lower_bound(widths.begin(), widths.end(), needed);
  const std::int64_t side = found != widths.end() ? *found : widths.back();
  return placed_in_middle(pattern.grid, side, side);
}

void write_pattern(const std::filesystem::path& path, const Pattern& pattern) {
  const std::string ending = path.extension().string();
  if (ending == ".rle") {
    write_file(path, write_rle(pattern));
  } else if (ending == ".lif" || ending == ".life") {
    write_file(path, write_life106(pattern.grid));
  } else if (ending == ".cells") {
    write_file(path, write_plaintext(pattern));
  } else if (ending == ".txt") {
    write_file(path, write_bit_rows(pattern.grid));
  } else if (ending == ".csv") {
    write_file(path, write_state_table({{{pattern.grid}}}));
  } else if (ending == ".pbm" || ending == ".png") {
    write_picture(path, image_from_grid(pattern.grid));
  } else {
    throw Error(ErrorKind::kUsage, "writing " + path.string(),
                "the ending '" + printable(ending) + "' names no format of patterns",
                "use one of .rle, .lif, .life, .cells, .txt, .csv, .pbm, .png");
  }
}

Grid grid_from_image(const Image& image) {
  const Image grey = with_channels(image, 1);
  Grid grid(grey.width, grey.height);
  for (std::int64_t y = 0; y < grey.height; ++y) {
    for (std::int64_t x = 0; x < grey.width; ++x) {
      grid.set(x, y, *grey.at(x, y) < 128);
    }
  }
  return grid;
}

Image image_from_grid(const Grid& grid) {
  Image image(grid.width(), grid.height(), 1, 255);
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      *image.at(x, y) = grid.at(x, y) ? 0 : 255;
    }
  }
  return image;
}

}  // namespace everform
