// Tables of 0 and 1 as in-context problems: a column a coordinate, the last one the label.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

/// Reads a CSV, TSV or ARFF (".arff") table with a header and makes each block of `points` rows one sequence;
/// what is left at the end is dropped with a warning. A column named "sequence" is no coordinate: a block
/// must not cross from one of its values to another. Throws Error{kBadInput} at FILE:LINE:COLUMN for a value
/// that is not 0 or 1 and for ragged rows, and where there are fewer than `points` rows, no coordinates, or
/// more than 64; kMissing where the file is absent.
std::vector<LabelledSequence> read_sequences(const std::filesystem::path& path, int points);

/// As above from a text. @param name what it is called in messages; its ending tells the format
std::vector<LabelledSequence> parse_sequences(const std::string& text, const std::string& name, int points);

/// CSV with columns sequence, x1, ..., xn, label and values 0 and 1, which read_sequences reads back.
std::string sequences_csv(std::span<const LabelledSequence> sequences);

}  // namespace everform::functions
