// A thing as named, torch-free arrays: what representations encode to and training reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace everform {

/// How the arrays of several samples become one array of a batch.
enum class Collate {
  kStack,  ///< equal shapes -> [items, shape...]
  kPad,    ///< first dimension padded at its end to the longest -> [items, longest, ...], and NAME.lengths
           ///< [items]
  kPack    ///< first dimensions joined -> [sum of lengths, ...], and NAME.offsets [items + 1]
};

/// One array of a sample, row-major.
struct SampleArray {
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<std::uint8_t>> values;
  Collate collate = Collate::kStack;
  double padding = 0.0;  ///< value of padded elements
};

struct Sample {
  std::map<std::string, SampleArray> arrays;

  /// A vector that is stacked: all samples have the same length.
  template <typename T>
  void set(const std::string& name, std::vector<T> values) {
    const auto length = static_cast<std::int64_t>(values.size());
    arrays[name] = {{length}, std::move(values), Collate::kStack, 0.0};
  }
};

}  // namespace everform
