#include "everform/core/io/hf_config.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/hf_config_parts.h"
#include "everform/core/io/json_text.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

namespace {

const Architecture& architecture_of(const std::string& model_type, const std::string& where) {
  if (const Architecture* found = find_architecture(model_type)) {
    return *found;
  }
  for (const char* encoder : {"bert", "roberta", "distilbert", "mpnet", "xlm-roberta", "albert", "electra"}) {
    if (model_type == encoder) {
      throw Error(ErrorKind::kBadInput, where, "a \"" + model_type + "\" model is an encoder, not a decoder",
                  "use `everform embed`");
    }
  }
  std::vector<std::string> names = {"everform"};
  for (const Architecture* architecture : architectures()) {
    names.push_back(architecture->name());
  }
  throw Error(ErrorKind::kBadInput, where, "model_type \"" + printable(model_type) + "\" is not supported",
              suggestion(model_type, names));
}

/// Numbers as float32, and without what does not change the maths.
nlohmann::json comparable(const TransformerConfig& config) {
  TransformerConfig plain = config;
  plain.architecture.clear();
  plain.bos = -1;
  plain.eos.clear();
  const RotaryConfig none;
  if (plain.positions != PositionKind::kRotary) {
    plain.rotary = none;
  } else if (plain.rotary.dimensions == plain.head_width) {
    plain.rotary.dimensions = 0;
  }
  if (plain.rotary.scaling != RotaryScaling::kLlama3) {
    plain.rotary.low_frequency_factor = none.low_frequency_factor;
    plain.rotary.high_frequency_factor = none.high_frequency_factor;
    plain.rotary.original_context = none.original_context;
  }
  nlohmann::json json = to_json(plain);
  for (nlohmann::json* object : {&json, &json["rotary"]}) {
    for (nlohmann::json& value : *object) {
      if (value.is_number_float()) {
        value = static_cast<float>(value.get<double>());
      }
    }
  }
  return json;
}

}  // namespace

bool same_maths(const TransformerConfig& a, const TransformerConfig& b) {
  return comparable(a) == comparable(b);
}

TransformerConfig read_hf_config(const nlohmann::json& json, const std::string& where) {
  ConfigKeys keys(json, where);
  const std::string model_type = keys.text("model_type", "");
  if (model_type.empty()) {
    throw Error(ErrorKind::kBadInput, where, "it has no model_type",
                "name a Hugging Face or Everform model folder");
  }
  if (model_type == "everform") {
    return transformer_config_from_json(json, where);
  }
  const Architecture& architecture = architecture_of(model_type, where);
  TransformerConfig config;
  config.architecture = architecture.name();
  ignore_hf_bookkeeping(keys);
  const std::vector<std::int64_t> bos = keys.integers("bos_token_id");
  config.bos = bos.empty() ? -1 : bos.front();
  config.eos = keys.integers("eos_token_id");
  keys.expect("is_encoder_decoder", false);
  keys.expect("add_cross_attention", false);
  architecture.read_hf(keys, config);
  keys.refuse_others();
  validate(config, where);
  return config;
}

TransformerConfig read_hf_folder_config(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  TransformerConfig config = read_hf_config(read_json_file(file), "reading " + file.string());
  const std::filesystem::path generation = folder / "generation_config.json";
  std::error_code code;
  if (std::filesystem::exists(generation, code)) {
    const nlohmann::json json = read_json_file(generation);
    ConfigKeys keys(json, "reading " + generation.string());
    for (const std::int64_t token : keys.integers("eos_token_id")) {
      if (std::find(config.eos.begin(), config.eos.end(), token) == config.eos.end()) {
        config.eos.push_back(token);
      }
    }
    validate(config, keys.where());
  }
  return config;
}

nlohmann::json write_hf_config(const TransformerConfig& config, const Architecture& architecture) {
  const std::string where = "writing config.json for a " + architecture.name() + " model";
  nlohmann::json json = architecture.write_hf(config);
  json["model_type"] = architecture.name();
  json["architectures"] = {architecture.hf_class()};
  json["bos_token_id"] = config.bos >= 0 ? nlohmann::json(config.bos) : nlohmann::json();
  if (config.eos.size() == 1) {
    json["eos_token_id"] = config.eos.front();
  } else {
    json["eos_token_id"] = config.eos.empty() ? nlohmann::json() : nlohmann::json(config.eos);
  }
  if (!same_maths(read_hf_config(json, where), config)) {
    throw Error(ErrorKind::kUsage, where,
                "this configuration has something that " + architecture.name() + " models lack",
                "keep the model in Everform's own format");
  }
  return json;
}

}  // namespace everform
