// T5 (Raffel et al. 2020, arXiv 1910.10683; v1.1 with gated GELU) as rows of a name map over EncoderDecoder.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "everform/workbench/models/encoder_decoder.h"

namespace everform {

/// An untrained network of a Hugging Face config.json of model_type "t5": RMS norm, relative position bias
/// shared by the blocks of a stack, unscaled attention, no biases. Throws Error{kBadInput} for keys that are
/// not understood.
std::shared_ptr<EncoderDecoder> make_t5(const nlohmann::json& json, const std::string& where);

/// "decoder.model.layers.0.cross_attn.q_proj.weight" -> "decoder.block.0.layer.1.EncDecAttention.q.weight"
std::string t5_parameter_name(const std::string& parameter, bool gated);

/// Loads a folder with config.json and safetensors weights.
std::shared_ptr<EncoderDecoder> load_t5(const std::filesystem::path& folder);

}  // namespace everform
