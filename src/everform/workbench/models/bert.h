// BERT-like encoders (Devlin et al. 2019, arXiv 1810.04805; MiniLM, arXiv 2002.10957) as rows of a name map
// over Transformer.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// An untrained encoder (hidden states only) of a Hugging Face config.json of model_type "bert": post-norm,
/// learned positions and token types, a norm after the embedding, biases. Throws Error{kBadInput} for keys
/// that are not understood.
std::shared_ptr<Transformer> make_bert(const nlohmann::json& json, const std::string& where);

/// "model.layers.0.self_attn.q_proj.weight" -> "encoder.layer.0.attention.self.query.weight"
std::string bert_parameter_name(const std::string& parameter);

/// Loads a folder with config.json and safetensors weights; the pooler and the heads for pretraining are left
/// out.
std::shared_ptr<Transformer> load_bert(const std::filesystem::path& folder);

}  // namespace everform
