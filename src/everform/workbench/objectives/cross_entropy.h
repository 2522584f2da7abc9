// Cross-entropy of a linear head over a large vocabulary, without ever holding all logits.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace everform {

struct CrossEntropyOptions {
  /// Rows whose logits exist at once; 0 takes as many as fill 64 MB.
  std::int64_t chunk = 0;
  /// Also count the rows whose largest logit is the target's.
  bool count_correct = false;
};

struct CrossEntropy {
  torch::Tensor
      sum;  ///< float32 scalar: sum over rows of mask * -log softmax(hidden weight^T + bias)[target]
  torch::Tensor
      correct;  ///< float32 scalar: sum over rows of mask * [argmax == target]; undefined unless asked for
};

/// The gradient is computed chunk by chunk together with the loss and scaled in the backward pass, so that
/// memory holds the logits of one chunk only and no product is computed twice. Products run in the autocast
/// type where autocast is on; softmax and sums in float32. There is no second derivative.
/// @param hidden [rows, width] @param weight [vocabulary, width] @param bias [vocabulary] or undefined
/// @param targets int64 [rows] @param mask [rows], any type, or undefined: all rows count with 1; rows with
/// mask 0 may hold any target
CrossEntropy cross_entropy(const torch::Tensor& hidden, const torch::Tensor& weight,
                           const torch::Tensor& bias, const torch::Tensor& targets,
                           const torch::Tensor& mask = {}, const CrossEntropyOptions& options = {});

/// The same from logits that are there already, by plain operations. @param logits [rows, vocabulary]
CrossEntropy cross_entropy_of_logits(const torch::Tensor& logits, const torch::Tensor& targets,
                                     const torch::Tensor& mask = {}, const CrossEntropyOptions& options = {});

}  // namespace everform
