#include "everform/domains/functions/head_hypothesis.h"

#include <algorithm>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform::functions {
namespace {

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> names = {"nearest-neighbour", "induction"};
  return names;
}

}  // namespace

OptionSpec heads_option() {
  return {.name = "heads",
          .value_name = "KIND",
          .help = "attention of each head to where KIND says",
          .choices = kinds()};
}

HeadHypothesis head_hypothesis(const std::string& kind, std::vector<LabelledSequence> sequences) {
  if (std::find(kinds().begin(), kinds().end(), kind) == kinds().end()) {
    throw Error(ErrorKind::kUsage, "choosing what heads look for", "there is no kind " + printable(kind),
                suggestion(kind, kinds()));
  }
  HeadHypothesis hypothesis;
  const bool induction = kind == "induction";
  hypothesis.sequences = induction ? repeated(std::move(sequences)) : std::move(sequences);
  const int half =
      hypothesis.sequences.empty() ? 1 : static_cast<int>(hypothesis.sequences.front().points.size() / 2);
  hypothesis.pairs =
      induction ? induction_pairs(hypothesis.sequences) : neighbour_pairs(hypothesis.sequences, half);
  return hypothesis;
}

}  // namespace everform::functions
