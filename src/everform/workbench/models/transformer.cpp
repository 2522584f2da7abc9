#include "everform/workbench/models/transformer.h"

#include <torch/types.h>

#include <string>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/checkpoint.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/positions.h"

namespace everform {

namespace {

/// The usual sizes where the configuration leaves them open, then checked.
TransformerConfig completed(TransformerConfig config, const TransformerOptions& options) {
  if (config.kv_heads == 0) {
    config.kv_heads = config.heads;
  }
  if (config.head_width == 0 && config.heads > 0) {
    config.head_width = config.width / config.heads;
  }
  TransformerConfig checked = config;
  if (options.width_in > 0 && checked.vocabulary == 0) {
    checked.vocabulary = 1;  // there is no token table
  }
  validate(checked, "building a transformer");
  return config;
}

torch::Tensor with_prefix_keys(const torch::Tensor& key_mask, std::int64_t count) {
  return torch::cat({torch::ones({key_mask.size(0), count}, key_mask.options()), key_mask}, 1);
}

}  // namespace

std::unique_ptr<TransformerState> TransformerState::clone() const {
  auto copy = std::make_unique<TransformerState>();
  for (const auto& mixer : mixers) {
    copy->mixers.push_back(mixer->clone());
  }
  for (const auto& cross : crosses) {
    copy->crosses.push_back(cross->clone());
  }
  return copy;
}

void TransformerState::truncate(std::int64_t length) {
  for (const auto& mixer : mixers) {
    mixer->truncate(length);
  }
  if (length == 0) {
    for (const auto& cross : crosses) {
      cross->truncate(0);
    }
  }
}

void TransformerState::detach() {
  for (const auto& mixer : mixers) {
    mixer->detach();
  }
  for (const auto& cross : crosses) {
    cross->detach();
  }
}

TransformerBody::TransformerBody(const TransformerConfig& config, const TransformerOptions& options) {
  if (options.width_in > 0) {
    read_in = register_module("read_in", std::make_shared<Linear>(options.width_in, config.width, true));
  } else {
    embed_tokens =
        register_module("embed_tokens", std::make_shared<Embedding>(config.vocabulary, config.width));
  }
  if (config.positions == PositionKind::kLearned) {
    embed_positions =
        register_module("embed_positions",
                        std::make_shared<Embedding>(config.context + config.position_offset, config.width));
  }
  if (options.token_types > 0) {
    embed_token_types =
        register_module("embed_token_types", std::make_shared<Embedding>(options.token_types, config.width));
  }
  if (options.relative_buckets > 0) {
    relative_bias =
        register_module("relative_bias", std::make_shared<Embedding>(options.relative_buckets, config.heads));
  }
  if (config.embedding_norm) {
    embed_norm = register_module("embed_norm", std::make_shared<Norm>(norm_options(config)));
  }
  auto list = std::make_shared<torch::nn::Module>();
  for (std::int64_t i = 0; i < config.depth; ++i) {
    layers.push_back(
        std::make_shared<TransformerBlock>(config, BlockOptions{.mixer = options.mixer,
                                                                .memory_width = options.memory_width,
                                                                .dropout = options.dropout,
                                                                .index = i}));
    list->register_module(std::to_string(i), layers.back());
  }
  register_module("layers", list);
  if (config.final_norm) {
    norm = register_module("norm", std::make_shared<Norm>(norm_options(config)));
  }
}

Transformer::Transformer(const TransformerConfig& config, const TransformerOptions& options)
    : config_(completed(config, options)), options_(options) {
  model = register_module("model", std::make_shared<TransformerBody>(config_, options_));
  if (!options_.head) {
    return;
  }
  if (options_.width_out > 0) {
    lm_head = register_module("lm_head", std::make_shared<Linear>(config_.width, options_.width_out, true));
  } else if (!config_.tied) {
    lm_head = register_module("lm_head",
                              std::make_shared<Linear>(config_.width, config_.vocabulary, config_.head_bias));
  } else if (!model->embed_tokens) {
    throw Error(ErrorKind::kUsage, "building a transformer",
                "the head is tied to a token table, but vectors are read in instead", "set tied = false");
  } else if (config_.head_bias) {
    auto holder = std::make_shared<torch::nn::Module>();
    tied_bias_ = holder->register_parameter("bias", torch::zeros({config_.vocabulary}));
    register_module("lm_head", holder);
  }
}

void Transformer::check_input(const TransformerInput& input) const {
  const int given = static_cast<int>(input.tokens.defined()) + static_cast<int>(input.vectors.defined()) +
                    static_cast<int>(input.embeddings.defined());
  const bool fits =
      (!input.tokens.defined() || model->embed_tokens) && (!input.vectors.defined() || model->read_in);
  if (given != 1 || !fits) {
    throw Error(ErrorKind::kUsage, "running a transformer",
                std::to_string(given) + " of tokens, vectors and embeddings were given, or the wrong one",
                model->read_in ? "give vectors [batch, tokens, width_in]" : "give tokens [batch, tokens]");
  }
}

torch::Tensor Transformer::positions_of(const TransformerInput& input, std::int64_t tokens,
                                        std::int64_t past) const {
  const std::int64_t prefixed = prefix_.defined() ? prefix_.size(0) : 0;
  if (!input.positions.defined()) {
    return torch::arange(past, past + tokens,
                         torch::dtype(at::kLong).device(model->parameters()[0].device()));
  }
  const torch::Tensor positions = input.positions + prefixed;
  if (prefixed == 0 || past > 0) {
    return positions;
  }
  torch::Tensor leading = torch::arange(prefixed, positions.options());
  if (positions.dim() == 2) {
    leading = leading.unsqueeze(0).expand({positions.size(0), -1});
  }
  return torch::cat({leading, positions}, -1);
}

torch::Tensor Transformer::embed(const TransformerInput& input, const torch::Tensor& positions,
                                 bool with_prefix) const {
  torch::Tensor x = input.embeddings;
  if (input.tokens.defined()) {
    x = model->embed_tokens->forward(input.tokens);
  } else if (input.vectors.defined()) {
    x = model->read_in->forward(input.vectors);
  }
  if (with_prefix) {
    x = torch::cat({prefix_.to(x.scalar_type()).unsqueeze(0).expand({x.size(0), -1, -1}), x}, 1);
  }
  if (model->embed_positions) {
    x = x + model->embed_positions->forward(positions + config_.position_offset);
  } else if (config_.positions == PositionKind::kSinusoidal) {
    x = x + sinusoidal_positions(positions, config_.width).to(x.scalar_type());
  }
  if (model->embed_token_types) {
    x = x + (input.token_types.defined() ? model->embed_token_types->forward(input.token_types)
                                         : model->embed_token_types->weight[0]);
  }
  if (model->embed_norm) {
    x = model->embed_norm->forward(x);
  }
  return dropout(x, options_.dropout, "dropout.embedding", input.dropout);
}

torch::Tensor Transformer::relative_mask(std::int64_t tokens, std::int64_t past,
                                         const torch::Tensor& mask) const {
  if (!model->relative_bias) {
    return mask;
  }
  const torch::Tensor buckets = relative_buckets(tokens, past + tokens, past, !config_.causal,
                                                 options_.relative_buckets, options_.relative_distance)
                                    .to(model->relative_bias->weight.device());
  const torch::Tensor bias = model->relative_bias->forward(buckets).permute({2, 0, 1}).unsqueeze(0);
  return mask.defined() ? bias + mask : bias;
}

torch::Tensor Transformer::forward(const TransformerInput& input) {
  const std::int64_t past = input.state != nullptr ? input.state->length() : 0;
  const bool with_prefix = prefix_.defined() && past == 0;
  const std::int64_t prefixed = prefix_.defined() ? prefix_.size(0) : 0;
  check_input(input);
  const torch::Tensor& given = input.tokens.defined()    ? input.tokens
                               : input.vectors.defined() ? input.vectors
                                                         : input.embeddings;
  const std::int64_t tokens = given.size(1) + (with_prefix ? prefixed : 0);
  const torch::Tensor positions = positions_of(input, tokens, past);
  torch::Tensor x = embed(input, positions, with_prefix);
  const torch::Tensor key_mask =
      input.key_mask.defined() && prefixed > 0 ? with_prefix_keys(input.key_mask, prefixed) : input.key_mask;

  BlockInput block;
  block.mixer.positions = positions;
  block.dropout = input.dropout;
  AttentionMask self_mask;
  if (const auto attention = std::dynamic_pointer_cast<Attention>(model->layers.front()->self_attn)) {
    self_mask =
        attention->prepare(tokens, past, positions, key_mask, relative_mask(tokens, past, input.mask), x);
    block.mixer.prepared = &self_mask;
  } else {
    block.mixer.key_mask = key_mask;
    block.mixer.mask = input.mask;
  }
  block.cross.memory = input.memory;
  block.cross.key_mask = input.memory_mask;
  x = run_blocks(x, block, input);
  if (model->norm) {
    x = model->norm->forward(x);
  }
  return with_prefix ? x.narrow(1, prefixed, tokens - prefixed) : x;
}

torch::Tensor Transformer::run_blocks(torch::Tensor x, BlockInput block, const TransformerInput& input) {
  const bool checkpoint = options_.checkpoint_blocks && input.state == nullptr &&
                          (input.taps == nullptr || !input.taps->attention);
  for (std::size_t i = 0; i < model->layers.size(); ++i) {
    TransformerBlock& layer = *model->layers[i];
    torch::Tensor weights;
    block.mixer.state = input.state != nullptr ? input.state->mixers.at(i).get() : nullptr;
    block.cross.state =
        input.state != nullptr && layer.cross_attn ? input.state->crosses.at(i).get() : nullptr;
    block.mixer.weights = input.taps != nullptr && input.taps->attention ? &weights : nullptr;
    if (input.taps != nullptr) {
      input.taps->block_inputs.push_back(x);
    }
    if (checkpoint) {
      x = run_checkpointed(layer, x, block);
    } else {
      block.mixer.x = x;
      x = layer.forward(block);
    }
    if (input.taps != nullptr) {
      input.taps->block_outputs.push_back(x);
      if (input.taps->attention) {
        input.taps->attention_weights.push_back(weights);
      }
    }
  }
  return x;
}

torch::Tensor Transformer::run_checkpointed(TransformerBlock& layer, const torch::Tensor& x,
                                            const BlockInput& block) const {
  const bool prepared = block.mixer.prepared != nullptr;
  const AttentionMask mask = prepared ? *block.mixer.prepared : AttentionMask{};
  // The dropout key and the mask live on the caller's stack, which is gone in the backward pass.
  const std::optional<DropoutKey> key =
      block.dropout != nullptr ? std::optional<DropoutKey>(*block.dropout) : std::nullopt;
  const auto body = [&layer, block, mask, prepared, key](const std::vector<torch::Tensor>& inputs) {
    BlockInput again = block;
    AttentionMask same = mask;
    same.bias = inputs[1];
    again.mixer.x = inputs[0];
    again.mixer.prepared = prepared ? &same : nullptr;
    again.cross.memory = inputs[2];
    again.dropout = key ? &*key : nullptr;
    return layer.forward(again);
  };
  return checkpointed(body, {x, mask.bias, block.cross.memory});
}

torch::Tensor Transformer::head_weight() const {
  if (lm_head) {
    return lm_head->weight;
  }
  if (!options_.head || !config_.tied) {
    throw Error(ErrorKind::kUsage, "computing logits", "this network has no head",
                "build it with head = true");
  }
  return model->embed_tokens->weight;
}

torch::Tensor Transformer::head_bias() const {
  return lm_head ? lm_head->bias : tied_bias_;
}

torch::Tensor Transformer::logits(const torch::Tensor& hidden) const {
  const torch::Tensor scaled = options_.head_scale == 1.0 ? hidden : hidden * options_.head_scale;
  return lm_head ? lm_head->forward(scaled) : at::linear(scaled, head_weight(), tied_bias_);
}

std::unique_ptr<TransformerState> Transformer::new_state() const {
  auto state = std::make_unique<TransformerState>();
  for (const auto& layer : model->layers) {
    state->mixers.push_back(layer->self_attn->new_state());
    if (layer->cross_attn) {
      state->crosses.push_back(layer->cross_attn->new_state());
    }
  }
  return state;
}

void initialise(Transformer& transformer, std::uint64_t seed) {
  initialise(transformer, seed, InitOptions{.depth = transformer.config().depth});
}

}  // namespace everform
