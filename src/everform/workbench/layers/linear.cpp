#include "everform/workbench/layers/linear.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <c10/util/Exception.h>
#include <torch/types.h>

#include "everform/core/base/error.h"

namespace everform {

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  if (with_bias) {
    bias = register_parameter("bias", torch::zeros({out}));
  }
}

torch::Tensor Linear::forward(const torch::Tensor& x) const {
  torch::Tensor y = at::linear(x, weight, bias);
  return addition_ ? y + addition_->forward(x) : y;
}

Embedding::Embedding(std::int64_t rows, std::int64_t width) {
  weight = register_parameter("weight", torch::zeros({rows, width}));
}

torch::Tensor Embedding::forward(const torch::Tensor& indices) const {
  try {
    return at::embedding(weight, indices);
  } catch (const c10::Error&) {
    throw Error(ErrorKind::kUsage, "looking up an embedding",
                "an index lies outside the table's " + std::to_string(weight.size(0)) + " rows",
                "use a tokenizer and a length that fit the model");
  }
}

}  // namespace everform
