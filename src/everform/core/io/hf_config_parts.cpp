#include "everform/core/io/hf_config_parts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "everform/core/base/error.h"

namespace everform {

namespace {

// The first spelling of each activation is the one written.
constexpr std::array<std::pair<std::string_view, Activation>, 8> kActivations = {{
    {"gelu", Activation::kGelu},
    {"gelu_python", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"relu", Activation::kRelu},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
}};

void read_scaling(ConfigKeys& keys, RotaryConfig& rotary) {
  const std::string type = keys.text(keys.first_of({"rope_type", "type"}), "default");
  keys.ignore({"type", "rope_type"});
  if (type == "default") {
    return;
  }
  if (type != "linear" && type != "llama3") {
    keys.fail("rope_type", "is \"" + printable(type) + "\"; none, linear and llama3 are supported");
  }
  rotary.factor = keys.number("factor");
  if (type == "linear") {
    rotary.scaling = RotaryScaling::kLinear;
    return;
  }
  rotary.scaling = RotaryScaling::kLlama3;
  rotary.low_frequency_factor = keys.number("low_freq_factor");
  rotary.high_frequency_factor = keys.number("high_freq_factor");
  rotary.original_context = keys.integer("original_max_position_embeddings");
}

}  // namespace

Activation read_hf_activation(ConfigKeys& keys, const std::string& key, const std::string& otherwise) {
  const std::string name = keys.text(key, otherwise);
  for (const auto& [spelling, activation] : kActivations) {
    if (spelling == name) {
      return activation;
    }
  }
  keys.fail(key, "is \"" + printable(name) + "\"; gelu, gelu_new, relu and silu are supported");
}

std::string hf_activation(Activation activation) {
  for (const auto& [spelling, known] : kActivations) {
    if (known == activation) {
      return std::string(spelling);
    }
  }
  return "gelu";
}

RotaryConfig read_hf_rotary(ConfigKeys& keys, const std::string& theta_key, double share,
                            std::int64_t head_width) {
  RotaryConfig rotary;
  rotary.theta = keys.number(theta_key, rotary.theta);
  const bool newer = keys.has("rope_parameters");
  const std::string key = newer ? "rope_parameters" : "rope_scaling";
  const nlohmann::json scaling = keys.object(key);
  keys.ignore({"rope_scaling"});
  ConfigKeys inner(scaling, keys.where() + ", " + key);
  if (newer) {
    rotary.theta = inner.number("rope_theta", rotary.theta);
    share = inner.number("partial_rotary_factor", share);
  }
  read_scaling(inner, rotary);
  inner.refuse_others();
  if (!(share > 0.0 && share <= 1.0)) {
    keys.fail(key, "rotates " + std::to_string(share) + " of each head; it must lie between 0 and 1");
  }
  const auto turned = static_cast<std::int64_t>(static_cast<double>(head_width) * share);
  rotary.dimensions = turned == head_width ? 0 : std::max<std::int64_t>(turned, 1);
  return rotary;
}

void write_hf_rotary(const RotaryConfig& rotary, nlohmann::json& json) {
  json["rope_theta"] = rotary.theta;
  if (rotary.scaling == RotaryScaling::kLinear) {
    json["rope_scaling"] = {{"type", "linear"}, {"rope_type", "linear"}, {"factor", rotary.factor}};
  } else if (rotary.scaling == RotaryScaling::kLlama3) {
    json["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", rotary.factor},
                            {"low_freq_factor", rotary.low_frequency_factor},
                            {"high_freq_factor", rotary.high_frequency_factor},
                            {"original_max_position_embeddings", rotary.original_context}};
  }
}

void ignore_hf_bookkeeping(ConfigKeys& keys) {
  keys.ignore({"architectures",
               "model_type",
               "torch_dtype",
               "dtype",
               "transformers_version",
               "_name_or_path",
               "name_or_path",
               "use_cache",
               "initializer_range",
               "pad_token_id",
               "sep_token_id",
               "cls_token_id",
               "decoder_start_token_id",
               "auto_map",
               "task_specific_params",
               "gradient_checkpointing",
               "is_decoder",
               "output_attentions",
               "output_hidden_states",
               "output_past",
               "return_dict",
               "use_return_dict",
               "problem_type",
               "id2label",
               "label2id",
               "finetuning_task",
               "tokenizer_class",
               "prefix",
               "_attn_implementation",
               "_attn_implementation_autoset",
               "attn_implementation",
               "attention_dropout",
               "hidden_dropout",
               "hidden_dropout_prob",
               "resid_pdrop",
               "embd_pdrop",
               "attn_pdrop",
               "attention_probs_dropout_prob",
               "activation_dropout",
               "dropout",
               "layerdrop",
               "classifier_dropout",
               "max_length",
               "do_sample",
               "temperature",
               "top_p",
               "top_k",
               "num_return_sequences",
               "chunk_size_feed_forward",
               "pretraining_tp",
               "bad_words_ids",
               "begin_suppress_tokens",
               "cross_attention_hidden_size",
               "diversity_penalty",
               "early_stopping",
               "encoder_no_repeat_ngram_size",
               "exponential_decay_length_penalty",
               "forced_bos_token_id",
               "forced_eos_token_id",
               "length_penalty",
               "min_length",
               "no_repeat_ngram_size",
               "num_beam_groups",
               "num_beams",
               "output_scores",
               "pruned_heads",
               "remove_invalid_values",
               "repetition_penalty",
               "return_dict_in_generate",
               "suppress_tokens",
               "tf_legacy_loss",
               "tie_encoder_decoder",
               "torchscript",
               "typical_p",
               "use_bfloat16",
               "unsloth_version",
               "unsloth_fixed",
               "description",
               "language",
               "license"});
}

}  // namespace everform
