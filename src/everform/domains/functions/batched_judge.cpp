#include "everform/domains/functions/batched_judge.h"

#include <algorithm>
#include <utility>

namespace everform::functions {

SequenceJudge batched_judge(std::span<const LabelledSequence> sequences, SequenceLabeller labeller) {
  return [sequences, labeller = std::move(labeller), positive = std::vector<bool>(),
          next = std::size_t{0}](const LabelledSequence& sequence) mutable {
    if (next % kJudgedAtOnce == 0) {
      positive = labeller(sequences.subspan(next, std::min(kJudgedAtOnce, sequences.size() - next)));
    }
    const std::size_t first = (next++ % kJudgedAtOnce) * sequence.points.size();
    std::vector<bool> right;
    for (std::size_t i = 0; i < sequence.points.size(); ++i) {
      right.push_back(positive[first + i] == (sequence.labels[i] > 0));
    }
    return right;
  };
}

}  // namespace everform::functions
