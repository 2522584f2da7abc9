// Layer norm and RMS norm over the rows of a matrix.
#pragma once

#include <span>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// kLayerNorm: y = (x - mean) / sqrt(variance + epsilon) * gain + bias; kRmsNorm: y = x / sqrt(mean(x^2) +
/// epsilon) * gain + bias. Sums are kept in double in the order of the row.
/// @param x [rows, width] @param gain [width] @param bias [width], or empty @param y [rows, width], may be x
/// itself
void normalize_rows(NormKind kind, double epsilon, std::span<const float> gain, std::span<const float> bias,
                    std::span<const float> x, std::span<float> y);

}  // namespace everform
