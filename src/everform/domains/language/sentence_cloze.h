// A task that any text gives: which sentence comes next?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "everform/domains/language/task.h"

namespace everform {

/// Sentences of a paragraph. One ends at . ! or ? (and closing quotes or brackets) before white space and a
/// capital letter, digit or opening quote; not after an initial or a usual abbreviation ("e.g.", "Dr.",
/// "vs.").
std::vector<std::string> split_sentences(std::string_view paragraph);

struct ClozeOptions {
  std::size_t items = 100;
  std::size_t choices = 4;
  /// The context is the sentences right before, at most as many as this.
  std::size_t context_sentences = 3;
  /// Shortest and longest sentence, in bytes, that serves as a choice.
  std::size_t shortest = 40;
  std::size_t longest = 220;
  std::uint64_t seed = 0;
};

/// Multiple choice: a paragraph's beginning, its true next sentence, and `choices - 1` sentences of other
/// paragraphs that are not first in theirs (a first sentence gives itself away). Each paragraph gives at most
/// one item; the place of the right choice is drawn evenly. Throws Error{kMissing} where the paragraphs give
/// fewer items than asked for.
std::vector<TaskItem> make_sentence_cloze(const std::vector<std::string>& paragraphs,
                                          const ClozeOptions& options);

}  // namespace everform
