// The nonlinearities between the two halves of an MLP.
#pragma once

#include <span>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// kGelu: x/2 (1 + erf(x/sqrt 2)); kGeluTanh: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); kRelu: max(x,
/// 0); kSilu: x / (1 + exp(-x)).
float activate(Activation kind, float x);

/// values = activate(values), or activate(gate) * values where a gate is given.
/// @param gate as large as values, or empty
void activate_rows(Activation kind, std::span<const float> gate, std::span<float> values);

}  // namespace everform
