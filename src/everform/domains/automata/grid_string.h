// Grids as the strings of LifeGPT (Berkovich and Buehler 2024, arXiv 2409.12182): `@PredictNextState<cells>
// [cells]$`, a byte a token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "everform/domains/automata/grid.h"

namespace everform {

/// The representation of a step of an automaton as text. Cells are '0' and '1' in reading order; with
/// `padded_cells` each grid is filled up with 'p' to that many characters, so that grids of several sizes
/// give strings of one length.
struct GridString {
  std::int64_t padded_cells = 0;  ///< 0: no filling

  static constexpr std::string_view kOpening = "@PredictNextState<";
  static constexpr std::string_view kBetween = "> [";
  static constexpr std::string_view kClosing = "]$";
  static constexpr char kEnd = '$';        ///< ends a generation
  static constexpr std::uint8_t kPad = 0;  ///< byte behind a string that is shorter than others of its batch

  /// Characters between the brackets. Throws Error{kUsage} for a grid of more than padded_cells.
  std::string cells(const Grid& grid) const;
  /// "@PredictNextState<cells>": what the model is given.
  std::string prompt(const Grid& now) const;
  /// The whole string of a step, of which a model learns every byte.
  std::string sample(const Grid& now, const Grid& next) const;

  /// Bytes of a prompt and of a whole string, of grids of this many cells.
  std::int64_t prompt_bytes(std::int64_t cells) const;
  std::int64_t sample_bytes(std::int64_t cells) const;
  /// Bytes to generate at most: " [cells]$".
  std::int64_t answer_bytes(std::int64_t cells) const { return sample_bytes(cells) - prompt_bytes(cells); }
};

/// What stands between '[' and ']' of a generated text; up to its end where ']' is missing, "" where '[' is.
std::string answer_cells(std::string_view generated);

/// The grid of a generated text. Throws Error{kFailed} for an answer of another length or with another
/// character.
Grid answer_grid(std::string_view generated, const GridString& strings, std::int64_t width,
                 std::int64_t height);

/// Both grids of a whole string: the inverse of GridString::sample. Throws Error{kBadInput} naming `where`
/// and the column.
std::pair<Grid, Grid> parse_sample(std::string_view text, const GridString& strings, std::int64_t width,
                                   std::int64_t height, const std::string& where);

}  // namespace everform
