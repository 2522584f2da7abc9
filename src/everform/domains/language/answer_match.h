// Exact match and F1 between a written answer and the right ones, as SQuAD defines them (Rajpurkar et al.
// 2016, arXiv 1606.05250).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// Lower case (ASCII), punctuation and the articles a, an, the left out, white space made single.
std::string normalise_answer(std::string_view answer);

/// Whether the normalised answer equals one of the normalised right ones.
bool exact_match(std::string_view answer, const std::vector<std::string>& right);

/// Harmonic mean of precision and recall of the words both share, counted with repetition; the best over the
/// right answers, in [0, 1]. Where one of the two has no words, 1 if both have none, else 0.
double answer_f1(std::string_view answer, const std::vector<std::string>& right);

}  // namespace everform
