#include "everform/workbench/layers/positions.h"

#include <torch/types.h>

#include <cmath>

#include "everform/core/decoding/positions.h"

namespace everform {

torch::Tensor sinusoidal_positions(const torch::Tensor& positions, std::int64_t width) {
  const torch::Tensor exponent =
      torch::arange(0, width, 2, torch::dtype(at::kDouble).device(positions.device())) /
      static_cast<double>(width);
  const torch::Tensor angle = positions.to(at::kDouble).unsqueeze(-1) * torch::pow(10000.0, -exponent);
  return torch::stack({angle.sin(), angle.cos()}, -1).flatten(-2).to(at::kFloat);
}

torch::Tensor alibi_bias(std::int64_t heads, std::int64_t tokens, std::int64_t past, double max_bias) {
  const torch::Tensor slopes =
      torch::tensor(alibi_slopes(static_cast<std::size_t>(heads), max_bias), at::kDouble);
  const torch::Tensor query = torch::arange(past, past + tokens, at::kDouble).unsqueeze(1);
  const torch::Tensor key = torch::arange(0, past + tokens, at::kDouble).unsqueeze(0);
  return (slopes.view({heads, 1, 1}) * (key - query).clamp_max(0.0)).to(at::kFloat);
}

torch::Tensor relative_buckets(std::int64_t tokens, std::int64_t keys, std::int64_t past, bool bidirectional,
                               std::int64_t buckets, std::int64_t max_distance) {
  torch::Tensor distance = torch::arange(keys, at::kLong).unsqueeze(0) -
                           torch::arange(past, past + tokens, at::kLong).unsqueeze(1);
  torch::Tensor bucket = torch::zeros_like(distance);
  if (bidirectional) {
    buckets /= 2;
    bucket = (distance > 0).to(at::kLong) * buckets;
    distance = distance.abs();
  } else {
    distance = (-distance).clamp_min(0);
  }
  const std::int64_t exact = buckets / 2;
  // float32 logarithms, as the published models were trained with: in double some distances fall into the
  // next bucket.
  const torch::Tensor steps = torch::log(distance.to(at::kFloat) / static_cast<double>(exact)) /
                              std::log(static_cast<double>(max_distance) / static_cast<double>(exact)) *
                              static_cast<double>(buckets - exact);
  const torch::Tensor far = (exact + steps.clamp_min(0.0).to(at::kLong)).clamp_max(buckets - 1);
  return bucket + torch::where(distance < exact, distance, far);
}

}  // namespace everform
