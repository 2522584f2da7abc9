#include "everform/workbench/evaluation/head_study.h"

#include "everform/workbench/evaluation/attention_mass.h"
#include "everform/workbench/evaluation/training_study.h"

namespace everform {

HeadStudy study_heads(Transformer& transformer, TransformerInput input,
                      const std::vector<std::int64_t>& queries, const std::vector<std::int64_t>& keys) {
  const torch::NoGradGuard no_grad;
  Taps taps{.attention = true};
  input.taps = &taps;
  const torch::Tensor hidden = transformer.forward(input);
  const auto rows = [&](const std::vector<std::int64_t>& indices) {
    return torch::tensor(indices, torch::kLong).view({hidden.size(0), -1}).to(hidden.device());
  };
  return {.uniform = uniform_attention_mass(rows(queries)),
          .mass = attention_mass(taps.attention_weights, rows(queries), rows(keys))};
}

nlohmann::json to_json(const HeadStudy& study) {
  return {{"uniform", study.uniform}, {"mass", study.mass}};
}

std::string to_text(const HeadStudy& study) {
  std::string text = figure_row("attention if all rows were alike", {study.uniform});
  for (std::size_t block = 0; block < study.mass.size(); ++block) {
    text += figure_row("block " + std::to_string(block) + ", each head", study.mass[block]);
  }
  return text;
}

}  // namespace everform
