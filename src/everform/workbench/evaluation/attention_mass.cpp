#include "everform/workbench/evaluation/attention_mass.h"

#include "everform/core/base/error.h"

namespace everform {

namespace {

void check(const torch::Tensor& weights, const torch::Tensor& queries, const torch::Tensor& keys) {
  const bool fits = queries.dim() == 2 && queries.sizes() == keys.sizes() && queries.numel() > 0 &&
                    weights.dim() == 4 && weights.size(0) == queries.size(0);
  const auto inside = [](const torch::Tensor& indices, std::int64_t size) {
    return indices.min().item<std::int64_t>() >= 0 && indices.max().item<std::int64_t>() < size;
  };
  if (!fits || !inside(queries, weights.size(2)) || !inside(keys, weights.size(3))) {
    throw Error(ErrorKind::kFailed, "measuring where heads look",
                "queries and keys are not [items, pairs] with indices inside the attention weights");
  }
}

}  // namespace

std::vector<std::vector<double>> attention_mass(const std::vector<torch::Tensor>& weights,
                                                const torch::Tensor& queries, const torch::Tensor& keys) {
  std::vector<std::vector<double>> masses;
  for (const torch::Tensor& block : weights) {
    masses.emplace_back();
    if (!block.defined()) {
      continue;
    }
    check(block, queries, keys);
    const std::int64_t heads = block.size(1);
    const torch::Tensor rows =
        block.gather(2, queries.view({queries.size(0), 1, -1, 1}).expand({-1, heads, -1, block.size(3)}));
    const torch::Tensor mass = rows.gather(3, keys.view({keys.size(0), 1, -1, 1}).expand({-1, heads, -1, 1}));
    const torch::Tensor means = mass.to(at::kDouble).mean({0, 2, 3}).cpu();
    masses.back().assign(means.data_ptr<double>(), means.data_ptr<double>() + heads);
  }
  return masses;
}

double uniform_attention_mass(const torch::Tensor& queries) {
  return (1.0 / (queries.to(at::kDouble) + 1.0)).mean().item<double>();
}

}  // namespace everform
