#include "everform/workbench/layers/init.h"

#include <torch/types.h>

#include <cmath>
#include <string>

#include "everform/core/base/random.h"

namespace everform {

namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

double deviation_of(const std::string& name, const torch::Tensor& weight, const InitOptions& options) {
  if (ends_with(name, "read_in.weight") || ends_with(name, "weight_ih") || ends_with(name, "weight_hh")) {
    // The deviation of the usual uniform law on +-1/sqrt(inputs): these do not pass a norm before they are
    // used.
    return 1.0 / std::sqrt(3.0 * static_cast<double>(weight.size(1)));
  }
  if (options.depth > 0 && (ends_with(name, "o_proj.weight") || ends_with(name, "down_proj.weight"))) {
    return options.deviation / std::sqrt(2.0 * static_cast<double>(options.depth));
  }
  return options.deviation;
}

}  // namespace

void fill_normal(torch::Tensor tensor, std::uint64_t seed, std::string_view purpose, double deviation) {
  const torch::NoGradGuard no_grad;
  torch::Tensor values = torch::empty(tensor.sizes(), torch::dtype(at::kFloat));
  RandomStream random(seed, purpose);
  random.fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 0.0F,
                     static_cast<float>(deviation));
  tensor.copy_(values);
}

void initialise(torch::nn::Module& module, std::uint64_t seed, const InitOptions& options) {
  const torch::NoGradGuard no_grad;
  for (const auto& entry : module.named_parameters()) {
    const std::string& name = entry.key();
    torch::Tensor parameter = entry.value();
    if (parameter.dim() >= 2) {
      fill_normal(parameter, seed, "init." + name, deviation_of(name, parameter, options));
    } else {
      parameter.fill_(ends_with(name, "norm.weight") ? 1.0 : 0.0);
    }
  }
}

}  // namespace everform
