// Initial weights from a random stream: the same seed gives the same weights, whatever the order in which
// modules were made.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace everform {

struct InitOptions {
  double deviation = 0.02;
  /// Blocks in the stack; o_proj and down_proj weights get deviation / sqrt(2 depth) (GPT-2, Radford et al.
  /// 2019). 0: no scaling.
  std::int64_t depth = 0;
};

/// Every parameter of two or more dimensions is drawn from N(0, deviation^2), keyed by (seed, "init." + its
/// name); one-dimensional ones become ones where they are a norm's gain (name ends in "norm.weight") and
/// zeros otherwise.
void initialise(torch::nn::Module& module, std::uint64_t seed, const InitOptions& options = {});

/// Fills one tensor in place from N(0, deviation^2).
void fill_normal(torch::Tensor tensor, std::uint64_t seed, std::string_view purpose, double deviation);

}  // namespace everform
