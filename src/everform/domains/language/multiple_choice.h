// Which of several continuations a model finds likeliest, under the usual ways of making their lengths
// comparable.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace everform {

/// kRaw: log P(choice | context). kToken and kByte: the same divided by the choice's tokens or bytes.
/// kUnconditional: log P(choice | context) - log P(choice | "Answer:") (Brown et al. 2020, section 2.4).
enum class ChoiceNormalisation { kRaw, kToken, kByte, kUnconditional };

/// "raw", "token", "byte", "unconditional".
const char* normalisation_name(ChoiceNormalisation normalisation);
std::vector<std::string> normalisation_names();
/// Throws Error{kUsage} with the nearest name.
ChoiceNormalisation normalisation_from_name(const std::string& name);

/// What a model says of one choice; natural logarithms.
struct ChoiceScore {
  double log_likelihood = 0.0;
  std::size_t tokens = 0;
  std::size_t bytes = 0;
  double unconditional = 0.0;  ///< log P(choice | "Answer:"); read for kUnconditional alone
};

/// The context of the unconditional score.
inline constexpr const char* kNeutralContext = "Answer:";

double normalised_score(const ChoiceScore& score, ChoiceNormalisation normalisation);
/// Index of the highest normalised score, the first of equals. Throws Error{kFailed} for no choice or a score
/// that is not a number.
std::size_t pick_choice(std::span<const ChoiceScore> scores, ChoiceNormalisation normalisation);

}  // namespace everform
