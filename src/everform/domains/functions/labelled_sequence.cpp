#include "everform/domains/functions/labelled_sequence.h"

#include <algorithm>
#include <string>

#include "everform/core/base/error.h"

namespace everform::functions {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::kBadInput, "decoding an in-context function sequence", message);
}

template <typename T>
const std::vector<T>& values_of(const Sample& sample, const char* name) {
  const auto found = sample.arrays.find(name);
  const auto* values =
      found == sample.arrays.end() ? nullptr : std::get_if<std::vector<T>>(&found->second.values);
  if (values == nullptr) {
    refuse(std::string("there is no array \"") + name + "\" of the right type");
  }
  return *values;
}

/// A row (y, 0, ..., 0) as +1 or -1.
std::int8_t decode_label(const float* row, int dimensions, std::size_t index) {
  const bool rest_is_zero = std::all_of(row + 1, row + dimensions, [](float value) { return value == 0.0F; });
  if (!rest_is_zero || (row[0] != 1.0F && row[0] != -1.0F)) {
    refuse("label row " + std::to_string(index) + " is not -1 or +1 followed by zeros");
  }
  return static_cast<std::int8_t>(row[0]);
}

Point decode_point(const float* row, int dimensions, std::size_t index) {
  Point x = 0;
  for (int j = 0; j < dimensions; ++j) {
    if (row[j] != 1.0F && row[j] != -1.0F) {
      refuse("point " + std::to_string(index) + " has a coordinate that is not -1 or +1");
    }
    x |= row[j] > 0 ? Point{1} << j : Point{0};
  }
  return x;
}

}  // namespace

Sample encode_sequence(const LabelledSequence& sequence) {
  const auto n = static_cast<std::size_t>(sequence.dimensions);
  const std::size_t count = sequence.points.size();
  std::vector<float> rows(2 * count * n, 0.0F);
  std::vector<float> labels(count);
  std::vector<std::uint8_t> scored(count);
  for (std::size_t i = 0; i < count; ++i) {
    float* point = rows.data() + 2 * i * n;
    for (std::size_t j = 0; j < n; ++j) {
      point[j] = ((sequence.points[i] >> j) & 1U) != 0 ? 1.0F : -1.0F;
    }
    point[n] = sequence.labels[i];
    labels[i] = sequence.labels[i] > 0 ? 1.0F : 0.0F;
    scored[i] = static_cast<int>(i) >= sequence.scored_from ? 1 : 0;
  }
  Sample sample;
  sample.set("labels", std::move(labels));
  sample.set("scored", std::move(scored));
  sample.arrays["vectors"] = {{static_cast<std::int64_t>(2 * count), sequence.dimensions}, std::move(rows)};
  return sample;
}

LabelledSequence decode_sequence(const Sample& sample) {
  const std::vector<float>& rows = values_of<float>(sample, "vectors");
  const std::vector<std::uint8_t>& scored = values_of<std::uint8_t>(sample, "scored");
  const std::vector<std::int64_t>& shape = sample.arrays.at("vectors").shape;
  const std::size_t count = scored.size();
  if (shape.size() != 2 || shape[1] < 1 || shape[1] > kMostDimensions ||
      shape[0] != static_cast<std::int64_t>(2 * count) ||
      rows.size() != 2 * count * static_cast<std::size_t>(shape[1])) {
    refuse("\"vectors\" is not [2 points, dimensions] with 1 to 64 dimensions");
  }
  LabelledSequence sequence;
  sequence.dimensions = static_cast<int>(shape[1]);
  sequence.scored_from = static_cast<int>(std::find(scored.begin(), scored.end(), 1) - scored.begin());
  for (std::size_t i = 0; i < count; ++i) {
    const float* point = rows.data() + 2 * i * static_cast<std::size_t>(sequence.dimensions);
    sequence.points.push_back(decode_point(point, sequence.dimensions, i));
    sequence.labels.push_back(decode_label(point + sequence.dimensions, sequence.dimensions, i));
  }
  return sequence;
}

int nearest_earlier(const std::vector<Point>& points, int index) {
  int nearest = -1;
  int smallest = kMostDimensions + 1;
  for (int i = 0; i < index; ++i) {
    const int distance =
        hamming_distance(points[static_cast<std::size_t>(i)], points[static_cast<std::size_t>(index)]);
    if (distance < smallest) {
      smallest = distance;
      nearest = i;
    }
  }
  return nearest;
}

}  // namespace everform::functions
