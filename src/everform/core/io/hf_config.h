// Hugging Face's config.json and TransformerConfig, both ways.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

class Architecture;

/// Reads a config.json of a supported model_type ("everform" too). Throws Error{kBadInput} at `where` for a
/// model_type or key that is not understood; for an encoder the hint names `embed`.
TransformerConfig read_hf_config(const nlohmann::json& json, const std::string& where);

/// Reads folder/config.json and, where there is one, the further end tokens of folder/generation_config.json.
TransformerConfig read_hf_folder_config(const std::filesystem::path& folder);

/// The config.json of a family. What it cannot say (checked by reading it back) throws Error{kUsage}.
nlohmann::json write_hf_config(const TransformerConfig& config, const Architecture& architecture);

/// True where the two agree in everything that changes the maths; numbers are compared as float32.
bool same_maths(const TransformerConfig& a, const TransformerConfig& b);

}  // namespace everform
