// LLaMA 3's rotary scaling as a divisor for every frequency, the form in which GGUF files carry it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Divisor of the i-th frequency theta^(-2i/d), d the rotated dimensions: 1 for short waves, `factor` for
/// long ones, smooth between (LLaMA 3.1's release notes). @return [dimensions / 2]
std::vector<float> llama3_rope_factors(const RotaryConfig& rotary, std::int64_t dimensions);

/// The scaling whose factors these are, nothing where no published one fits. `rotary` gives theta.
std::optional<RotaryConfig> find_llama3_scaling(const RotaryConfig& rotary, std::span<const float> factors);

}  // namespace everform
