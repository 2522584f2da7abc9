#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

namespace {

template <typename Enum>
struct EnumNames;

template <>
struct EnumNames<NormKind> {
  static constexpr std::array<std::string_view, 2> kNames = {"layer_norm", "rms_norm"};
};
template <>
struct EnumNames<NormPlacement> {
  static constexpr std::array<std::string_view, 2> kNames = {"pre", "post"};
};
template <>
struct EnumNames<PositionKind> {
  static constexpr std::array<std::string_view, 5> kNames = {"none", "learned", "sinusoidal", "rotary",
                                                             "alibi"};
};
template <>
struct EnumNames<Activation> {
  static constexpr std::array<std::string_view, 4> kNames = {"gelu", "gelu_tanh", "relu", "silu"};
};
template <>
struct EnumNames<Residual> {
  static constexpr std::array<std::string_view, 3> kNames = {"sequential", "parallel", "parallel_shared"};
};
template <>
struct EnumNames<RotaryScaling> {
  static constexpr std::array<std::string_view, 3> kNames = {"none", "linear", "llama3"};
};

/// The fields of a configuration, once for reading and for writing: visit(key, field).
template <typename Config, typename Visitor>
void visit_fields(Config& c, Visitor&& visit) {
  visit("architecture", c.architecture);
  visit("vocabulary", c.vocabulary);
  visit("width", c.width);
  visit("depth", c.depth);
  visit("heads", c.heads);
  visit("kv_heads", c.kv_heads);
  visit("head_width", c.head_width);
  visit("ff_width", c.ff_width);
  visit("context", c.context);
  visit("norm", c.norm);
  visit("norm_epsilon", c.norm_epsilon);
  visit("norm_bias", c.norm_bias);
  visit("norm_placement", c.norm_placement);
  visit("embedding_norm", c.embedding_norm);
  visit("final_norm", c.final_norm);
  visit("residual", c.residual);
  visit("positions", c.positions);
  visit("rotary", c.rotary);
  visit("position_offset", c.position_offset);
  visit("alibi_max_bias", c.alibi_max_bias);
  visit("activation", c.activation);
  visit("gated_mlp", c.gated_mlp);
  visit("qkv_bias", c.qkv_bias);
  visit("attention_output_bias", c.attention_output_bias);
  visit("mlp_bias", c.mlp_bias);
  visit("head_bias", c.head_bias);
  visit("tied", c.tied);
  visit("causal", c.causal);
  visit("window", c.window);
  visit("attention_scale", c.attention_scale);
  visit("bos", c.bos);
  visit("eos", c.eos);
}

template <typename Config, typename Visitor>
void visit_rotary_fields(Config& c, Visitor&& visit) {
  visit("theta", c.theta);
  visit("dimensions", c.dimensions);
  visit("scaling", c.scaling);
  visit("factor", c.factor);
  visit("low_frequency_factor", c.low_frequency_factor);
  visit("high_frequency_factor", c.high_frequency_factor);
  visit("original_context", c.original_context);
}

class Writer {
 public:
  template <typename T>
  void operator()(const char* key, const T& field) {
    if constexpr (std::is_enum_v<T>) {
      json_[key] = EnumNames<T>::kNames[static_cast<std::size_t>(field)];
    } else {
      json_[key] = field;
    }
  }
  void operator()(const char* key, const RotaryConfig& rotary) {
    Writer inner;
    visit_rotary_fields(rotary, inner);
    json_[key] = inner.take();
  }
  nlohmann::json take() { return std::move(json_); }

 private:
  nlohmann::json json_ = nlohmann::json::object();
};

/// Fills fields from an object of JSON; every key must be one of the fields.
class Reader {
 public:
  Reader(const nlohmann::json& json, std::string where, std::string prefix)
      : json_(json), where_(std::move(where)), prefix_(std::move(prefix)) {
    if (!json.is_object()) {
      fail(prefix_.empty() ? "the configuration" : prefix_, "is not an object");
    }
  }

  template <typename T>
  void operator()(const char* key, T& field) {
    known_.emplace_back(key);
    const auto found = json_.find(key);
    if (found != json_.end()) {
      read(prefix_ + key, *found, field);
    }
  }

  void refuse_others(std::string_view also_known) const {
    for (const auto& [key, value] : json_.items()) {
      if (key != also_known && std::find(known_.begin(), known_.end(), key) == known_.end()) {
        throw Error(ErrorKind::kBadInput, where_, "unknown key \"" + printable(prefix_ + key) + "\"",
                    suggestion(key, known_));
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where_, key + " " + problem);
  }

  template <typename T>
  void read(const std::string& key, const nlohmann::json& value, T& field) const {
    if constexpr (std::is_enum_v<T>) {
      const auto& names = EnumNames<T>::kNames;
      const std::vector<std::string> choices(names.begin(), names.end());
      const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
      const auto found = std::find(choices.begin(), choices.end(), name);
      if (!value.is_string() || found == choices.end()) {
        throw Error(ErrorKind::kBadInput, where_, key + " is " + printable(name), suggestion(name, choices));
      }
      field = static_cast<T>(found - choices.begin());
    } else if constexpr (std::is_same_v<T, RotaryConfig>) {
      Reader inner(value, where_, key + ".");
      visit_rotary_fields(field, inner);
      inner.refuse_others("");
    } else {
      read_plain(key, value, field);
    }
  }

  void read_plain(const std::string& key, const nlohmann::json& value, bool& field) const {
    if (!value.is_boolean()) {
      fail(key, "must be true or false");
    }
    field = value.get<bool>();
  }
  void read_plain(const std::string& key, const nlohmann::json& value, double& field) const {
    if (!value.is_number()) {
      fail(key, "must be a number");
    }
    field = value.get<double>();
  }
  void read_plain(const std::string& key, const nlohmann::json& value, std::string& field) const {
    if (!value.is_string()) {
      fail(key, "must be a text");
    }
    field = value.get<std::string>();
  }
  void read_plain(const std::string& key, const nlohmann::json& value, std::int64_t& field) const {
    const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    if (!value.is_number_integer() || too_large) {
      fail(key, "must be a whole number");
    }
    field = value.get<std::int64_t>();
  }
  void read_plain(const std::string& key, const nlohmann::json& value,
                  std::vector<std::int64_t>& field) const {
    constexpr std::size_t kMostValues = 1024;
    if (!value.is_array() || value.size() > kMostValues) {
      fail(key, "must be a list of whole numbers");
    }
    field.assign(value.size(), 0);
    for (std::size_t i = 0; i < value.size(); ++i) {
      read_plain(key + "[" + std::to_string(i) + "]", value[i], field[i]);
    }
  }

  const nlohmann::json& json_;
  std::string where_;
  std::string prefix_;
  std::vector<std::string> known_;
};

}  // namespace

nlohmann::json to_json(const TransformerConfig& config) {
  Writer writer;
  visit_fields(config, writer);
  nlohmann::json json = writer.take();
  json["model_type"] = "everform";
  return json;
}

TransformerConfig transformer_config_from_json(const nlohmann::json& json, const std::string& where) {
  TransformerConfig config;
  Reader reader(json, where, "");
  if (json.value("model_type", nlohmann::json()) != "everform") {
    throw Error(ErrorKind::kBadInput, where, "model_type is not \"everform\"",
                "name a folder that Everform wrote, or a Hugging Face folder of a supported model_type");
  }
  visit_fields(config, reader);
  reader.refuse_others("model_type");
  validate(config, where);
  return config;
}

}  // namespace everform
