// Gradients against central differences in double.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <functional>
#include <vector>

#include "everform/core/base/random.h"

namespace everform::test {

/// Normal numbers of a shape, double.
inline torch::Tensor normal_tensor(at::IntArrayRef shape, const char* purpose, double deviation = 1.0) {
  torch::Tensor out = torch::empty(shape, torch::dtype(at::kDouble));
  RandomStream random(7, purpose);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    out.data_ptr<double>()[i] = deviation * random.normal();
  }
  return out;
}

/// Compares the gradient of sum(y * c), c fixed normal numbers, with central differences at up to `probes`
/// places of each variable.
/// @param function recomputes y from the variables' present values
inline void expect_gradients(const std::function<torch::Tensor()>& function,
                             const std::vector<torch::Tensor>& variables, double tolerance = 1e-6,
                             int probes = 12) {
  const auto objective = [&] {
    const torch::Tensor y = function();
    return (y * normal_tensor(y.sizes(), "cotangent").to(y.scalar_type())).sum();
  };
  for (torch::Tensor variable : variables) {
    variable.mutable_grad() = torch::Tensor();
    ASSERT_TRUE(variable.requires_grad());
  }
  objective().backward();
  RandomStream random(11, "probes");
  for (std::size_t v = 0; v < variables.size(); ++v) {
    torch::Tensor values = variables[v].detach();
    ASSERT_TRUE(variables[v].grad().defined()) << "variable " << v << " got no gradient";
    const torch::Tensor gradient = variables[v].grad().contiguous();
    for (int probe = 0; probe < probes; ++probe) {
      const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(values.numel())));
      double* place = values.data_ptr<double>() + at;
      const double before = *place;
      constexpr double kStep = 1e-5;
      const torch::NoGradGuard no_grad;
      *place = before + kStep;
      const double above = objective().item<double>();
      *place = before - kStep;
      const double below = objective().item<double>();
      *place = before;
      const double expected = (above - below) / (2 * kStep);
      EXPECT_NEAR(gradient.data_ptr<double>()[at], expected, tolerance * (1.0 + std::abs(expected)))
          << "variable " << v << ", element " << at;
    }
  }
}

/// Largest absolute difference.
inline double distance(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) {
    ADD_FAILURE() << "shapes differ: " << a.sizes() << " and " << b.sizes();
    return INFINITY;
  }
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace everform::test
