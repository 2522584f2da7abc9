// What each head of a stack looks at, measured against a hypothesis.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

struct HeadStudy {
  double uniform = 0.0;                   ///< see uniform_attention_mass
  std::vector<std::vector<double>> mass;  ///< see attention_mass: a row a block, a figure a head
};

/// One forward pass without gradients that records attention. @param input without taps @param queries, keys
/// as many pairs of rows for each item of the input, item after item
HeadStudy study_heads(Transformer& transformer, TransformerInput input,
                      const std::vector<std::int64_t>& queries, const std::vector<std::int64_t>& keys);

/// {"uniform","mass"}
nlohmann::json to_json(const HeadStudy& study);
/// A line for the uniform figure and one a block.
std::string to_text(const HeadStudy& study);

}  // namespace everform
