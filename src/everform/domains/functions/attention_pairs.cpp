#include "everform/domains/functions/attention_pairs.h"

#include <algorithm>

namespace everform::functions {

namespace {

/// @param key_of index of the point whose label a query at point i looks at
template <typename KeyOf>
AttentionPairs pairs_of(std::span<const LabelledSequence> sequences, int first, const KeyOf& key_of) {
  AttentionPairs pairs;
  for (const LabelledSequence& sequence : sequences) {
    const int points = static_cast<int>(sequence.points.size());
    pairs.pairs_per_sequence = static_cast<std::size_t>(std::max(points - first, 0));
    for (int i = first; i < points; ++i) {
      pairs.queries.push_back(2 * i);
      pairs.keys.push_back(2 * key_of(sequence, i) + 1);
    }
  }
  return pairs;
}

}  // namespace

AttentionPairs neighbour_pairs(std::span<const LabelledSequence> sequences, int first) {
  return pairs_of(sequences, std::max(first, 1), [](const LabelledSequence& sequence, int i) {
    return nearest_earlier(sequence.points, i);
  });
}

std::vector<LabelledSequence> repeated(std::vector<LabelledSequence> sequences) {
  for (LabelledSequence& sequence : sequences) {
    const std::size_t half = sequence.points.size() / 2;
    std::copy_n(sequence.points.begin(), half, sequence.points.begin() + static_cast<std::ptrdiff_t>(half));
    std::copy_n(sequence.labels.begin(), half, sequence.labels.begin() + static_cast<std::ptrdiff_t>(half));
    sequence.points.resize(2 * half);
    sequence.labels.resize(2 * half);
  }
  return sequences;
}

AttentionPairs induction_pairs(std::span<const LabelledSequence> sequences) {
  const int half = sequences.empty() ? 0 : static_cast<int>(sequences.front().points.size() / 2);
  return pairs_of(sequences, half, [half](const LabelledSequence&, int i) { return i - half; });
}

}  // namespace everform::functions
