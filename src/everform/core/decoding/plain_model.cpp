#include "everform/core/decoding/plain_model.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/threads.h"
#include "everform/core/decoding/activations.h"
#include "everform/core/decoding/cached_attention.h"
#include "everform/core/decoding/norms.h"

namespace everform {
namespace {

// Tokens that pass the stack together: enough for the matrix products to be worth their weights, few enough
// for the cache.
constexpr std::size_t kChunk = 64;

std::size_t size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

void add(AlignedFloats& x, const AlignedFloats& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] += y[i];
  }
}

}  // namespace

class PlainModel::Sequence : public SequenceState {
 public:
  explicit Sequence(const PlainModel& model)
      : owner(&model),
        caches(size(model.config_.depth * model.config_.kv_heads),
               HeadCache(size(model.config_.head_width))) {}

  std::size_t length() const override { return tokens; }
  std::unique_ptr<SequenceState> clone() const override { return std::make_unique<Sequence>(*this); }
  void truncate(std::size_t length) override {
    tokens = std::min(tokens, length);
    for (HeadCache& cache : caches) {
      cache.truncate(tokens);
    }
  }

  const PlainModel* owner;
  std::size_t tokens = 0;
  std::vector<HeadCache> caches;  // [depth, kv_heads]
};

// One token on its way through the stack.
struct PlainModel::Row {
  Sequence* sequence;
  TokenId token;
  std::size_t position;
};

PlainModel::PlainModel(TransformerConfig config, const TensorSource& source) : config_(std::move(config)) {
  validate(config_, "loading the model");
  if (!config_.causal) {
    throw Error(ErrorKind::kBadInput, "loading the model", "it is an encoder, which does not write text",
                "`everform embed` takes encoders");
  }
  weights_ = load_plain_weights(config_, source);
  if (config_.positions == PositionKind::kRotary) {
    rotary_ = RotaryEmbedding(config_.rotary, size(config_.head_width));
  }
  if (config_.positions == PositionKind::kAlibi) {
    const std::vector<double> slopes = alibi_slopes(size(config_.heads), config_.alibi_max_bias);
    slopes_.assign(slopes.begin(), slopes.end());
  }
}

std::size_t PlainModel::vocabulary() const {
  return size(config_.vocabulary);
}
std::size_t PlainModel::context() const {
  return size(config_.context);
}
std::size_t PlainModel::cache_bytes_per_token() const {
  const HeadCache empty(size(config_.head_width));
  return size(config_.depth) * size(config_.kv_heads) * (empty.head_width() + empty.value_stride()) *
         sizeof(float);
}

std::unique_ptr<SequenceState> PlainModel::new_sequence() const {
  return std::make_unique<Sequence>(*this);
}

PlainModel::Sequence& PlainModel::own(SequenceState& state) const {
  auto* sequence = dynamic_cast<Sequence*>(&state);
  if (sequence == nullptr || sequence->owner != this) {
    throw Error(ErrorKind::kFailed, "running the model", "the sequence belongs to another model");
  }
  return *sequence;
}

void PlainModel::check(const Sequence& sequence, std::span<const TokenId> tokens) const {
  if (tokens.size() > context() - sequence.tokens) {
    throw Error(ErrorKind::kUsage, "running the model",
                std::to_string(sequence.tokens + tokens.size()) + " tokens, but the model's context holds " +
                    std::to_string(context()),
                "shorten the text");
  }
  for (const TokenId token : tokens) {
    if (token < 0 || size(token) >= vocabulary()) {
      throw Error(ErrorKind::kBadInput, "running the model",
                  "token " + std::to_string(token) + " lies outside the vocabulary of " +
                      std::to_string(vocabulary()));
    }
  }
}

template <typename Visit>
void PlainModel::feed(SequenceState& state, std::span<const TokenId> tokens, const Visit& visit) const {
  Sequence& sequence = own(state);
  check(sequence, tokens);
  std::vector<Row> rows;
  for (std::size_t begin = 0; begin < tokens.size(); begin += kChunk) {
    throw_if_interrupted("running the model");
    rows.clear();
    for (const TokenId token : tokens.subspan(begin, std::min(kChunk, tokens.size() - begin))) {
      rows.push_back({&sequence, token, sequence.tokens + rows.size()});
    }
    const AlignedFloats hidden = forward(rows);
    sequence.tokens += rows.size();
    visit(hidden, begin);
  }
}

void PlainModel::prefill(SequenceState& state, std::span<const TokenId> tokens,
                         std::span<float> logits) const {
  feed(state, tokens, [&](const AlignedFloats& hidden, std::size_t begin) {
    if (begin + kChunk >= tokens.size()) {
      head(std::span(hidden).last(size(config_.width)), logits);
    }
  });
}

void PlainModel::prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                             std::span<float> logits) const {
  feed(state, tokens, [&](const AlignedFloats& hidden, std::size_t begin) {
    const std::size_t rows = hidden.size() / size(config_.width);
    head(hidden, logits.subspan(begin * vocabulary(), rows * vocabulary()));
  });
}

void PlainModel::step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
                      std::span<float> logits) const {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < states.size(); ++i) {
    Sequence& sequence = own(*states[i]);
    check(sequence, tokens.subspan(i, 1));
    rows.push_back({&sequence, tokens[i], sequence.tokens});
  }
  const AlignedFloats hidden = forward(rows);
  for (const Row& row : rows) {
    row.sequence->tokens = row.position + 1;
  }
  head(hidden, logits);
}

AlignedFloats PlainModel::forward(std::span<const Row> rows) const {
  AlignedFloats x = embed(rows);
  for (std::size_t layer = 0; layer < weights_.blocks.size(); ++layer) {
    run_block(layer, rows, x);
  }
  return config_.final_norm ? norm(weights_.final_norm, x) : x;
}

AlignedFloats PlainModel::embed(std::span<const Row> rows) const {
  const std::size_t width = size(config_.width);
  AlignedFloats x(rows.size() * width);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto row = std::span(x).subspan(r * width, width);
    weights_.embedding.row(size(rows[r].token), row);
    if (config_.positions == PositionKind::kLearned) {
      const std::size_t first = (rows[r].position + size(config_.position_offset)) * width;
      for (std::size_t i = 0; i < width; ++i) {
        row[i] += weights_.positions[first + i];
      }
    } else if (config_.positions == PositionKind::kSinusoidal) {
      add_sinusoidal(rows[r].position, row);
    }
  }
  return config_.embedding_norm ? norm(weights_.embedding_norm, x) : x;
}

void PlainModel::run_block(std::size_t layer, std::span<const Row> rows, AlignedFloats& x) const {
  const BlockWeights& block = weights_.blocks[layer];
  if (config_.norm_placement == NormPlacement::kPost) {
    add(x, attention(layer, rows, x));
    x = norm(block.attention_norm, x);
    add(x, mlp(block, x));
    x = norm(block.mlp_norm, x);
    return;
  }
  const AlignedFloats normal = norm(block.attention_norm, x);
  if (config_.residual == Residual::kSequential) {
    add(x, attention(layer, rows, normal));
    add(x, mlp(block, norm(block.mlp_norm, x)));
    return;
  }
  const bool shared = config_.residual == Residual::kParallelShared;
  AlignedFloats change = mlp(block, shared ? normal : norm(block.mlp_norm, x));
  add(change, attention(layer, rows, normal));
  add(x, change);
}

AlignedFloats PlainModel::attention(std::size_t layer, std::span<const Row> rows,
                                    const AlignedFloats& x) const {
  const BlockWeights& block = weights_.blocks[layer];
  const std::size_t head_width = size(config_.head_width);
  const std::size_t kv_heads = size(config_.kv_heads);
  const std::size_t group = size(config_.heads) / kv_heads;
  AlignedFloats queries = linear(block.query, x);
  AlignedFloats keys = linear(block.key, x);
  const AlignedFloats values = linear(block.value, x);
  rotate(rows, queries, keys);

  const auto cache_of = [&](const Row& row, std::size_t h) -> HeadCache& {
    return row.sequence->caches[layer * kv_heads + h];
  };
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t h = 0; h < kv_heads; ++h) {
      const std::size_t at = (r * kv_heads + h) * head_width;
      cache_of(rows[r], h)
          .set(rows[r].position, std::span(keys).subspan(at, head_width),
               std::span(values).subspan(at, head_width));
    }
  }

  AlignedFloats mixed(queries.size());
  const float scale = config_.attention_scale != 0.0 ? static_cast<float>(config_.attention_scale)
                                                     : 1.0F / std::sqrt(static_cast<float>(head_width));
  default_pool().parallel_for(rows.size() * kv_heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t task = begin; task < end; ++task) {
      const std::size_t h = task % kv_heads;
      const Row& row = rows[task / kv_heads];
      AttentionRule rule{.scale = scale, .window = size(config_.window)};
      if (!slopes_.empty()) {
        rule.slopes = std::span(slopes_).subspan(h * group, group);
      }
      const std::size_t at = task * group * head_width;
      attend(cache_of(row, h), rule, row.position, std::span(queries).subspan(at, group * head_width),
             std::span(mixed).subspan(at, group * head_width));
    }
  });
  return linear(block.output, mixed);
}

void PlainModel::rotate(std::span<const Row> rows, AlignedFloats& queries, AlignedFloats& keys) const {
  if (config_.positions != PositionKind::kRotary) {
    return;
  }
  const std::size_t head_width = size(config_.head_width);
  std::vector<float> cosine(rotary_.pairs());
  std::vector<float> sine(rotary_.pairs());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rotary_.angles(rows[r].position, cosine, sine);
    for (AlignedFloats* heads : {&queries, &keys}) {
      const std::size_t width = heads->size() / rows.size();
      for (std::size_t at = r * width; at < (r + 1) * width; at += head_width) {
        rotate_half_split(cosine, sine, std::span(*heads).subspan(at, head_width));
      }
    }
  }
}

AlignedFloats PlainModel::mlp(const BlockWeights& block, const AlignedFloats& x) const {
  AlignedFloats inner = linear(block.up, x);
  activate_rows(config_.activation, config_.gated_mlp ? linear(block.gate, x) : AlignedFloats{}, inner);
  return linear(block.down, inner);
}

AlignedFloats PlainModel::norm(const NormWeights& weights, const AlignedFloats& x) const {
  AlignedFloats y(x.size());
  normalize_rows(config_.norm, config_.norm_epsilon, weights.gain, weights.bias, x, y);
  return y;
}

AlignedFloats PlainModel::linear(const LinearWeights& weights, const AlignedFloats& x) const {
  AlignedFloats y(x.size() / weights.matrix.inputs() * weights.matrix.outputs());
  weights.matrix.multiply(x, weights.bias, y);
  return y;
}

void PlainModel::head(std::span<const float> hidden, std::span<float> logits) const {
  weights_.head().multiply(hidden, weights_.head_bias, logits);
}

std::unique_ptr<PlainModel> load_plain_model(DecoderCheckpoint& checkpoint) {
  return std::make_unique<PlainModel>(checkpoint.config(),
                                      [&](const std::string& name) { return checkpoint.tensor(name); });
}

}  // namespace everform
