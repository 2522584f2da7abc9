// Parts that the families' configurations in Hugging Face's config.json share.
#pragma once

#include <string>

#include "everform/core/io/config_keys.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// "gelu", "gelu_new", "relu", "silu" and their other spellings, from a key. Throws Error{kBadInput} for one
/// that is not known.
Activation read_hf_activation(ConfigKeys& keys, const std::string& key, const std::string& otherwise);
/// The spelling of `transformers`.
std::string hf_activation(Activation activation);

/// Theta and scaling from `theta_key` and rope_scaling, or from rope_parameters, which newer files have
/// instead. Scalings other than none, linear and llama3 throw Error{kBadInput}.
/// @param share part of each head's dimensions that is rotated, unless rope_parameters says otherwise
RotaryConfig read_hf_rotary(ConfigKeys& keys, const std::string& theta_key, double share,
                            std::int64_t head_width);
/// rope_theta and rope_scaling.
void write_hf_rotary(const RotaryConfig& rotary, nlohmann::json& json);

/// Keys of any config.json that have no influence on a forward pass in evaluation mode.
void ignore_hf_bookkeeping(ConfigKeys& keys);

}  // namespace everform
