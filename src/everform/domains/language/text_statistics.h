// Figures of a text itself, without a model: how long, how varied, how repetitive.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace everform {

struct TextStatistics {
  std::size_t bytes = 0;
  std::size_t characters = 0;  ///< code points; a byte that is no UTF-8 counts as one
  std::size_t words = 0;       ///< runs of bytes that are not white space
  std::size_t lines = 0;
  double byte_entropy = 0.0;  ///< bits, of the bytes' own frequencies
  double distinct_1 = 0.0;    ///< different words per word (Li et al. 2016)
  double distinct_2 = 0.0;    ///< different word pairs per pair
  double repetition_4 = 0.0;  ///< share of word 4-grams that occurred before (Welleck et al. 2020, seq-rep-4)
};

TextStatistics text_statistics(std::string_view text);
nlohmann::json to_json(const TextStatistics& statistics);

}  // namespace everform
