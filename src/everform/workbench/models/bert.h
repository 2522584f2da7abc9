// BERT-like encoders (Devlin et al. 2019, arXiv 1810.04805; MiniLM, arXiv 2002.10957) as rows of a name map
// over Transformer.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Reads a Hugging Face config.json of model_type "bert". Throws Error{kBadInput} for keys that change the
/// maths and are not understood.
TransformerConfig bert_config(const nlohmann::json& json, const std::string& where);
TransformerOptions bert_options(const nlohmann::json& json, const std::string& where);

/// "model.layers.0.self_attn.q_proj.weight" -> "encoder.layer.0.attention.self.query.weight"
std::string bert_parameter_name(const std::string& parameter);

/// Loads a folder with config.json and safetensors weights; hidden states only (the pooler and heads for
/// pretraining are left out).
std::shared_ptr<Transformer> load_bert(const std::filesystem::path& folder);

}  // namespace everform
