#include "everform/core/decoding/engine/forward_pass.h"

#include <algorithm>
#include <cmath>

#include "everform/core/decoding/engine/attention_kernels.h"
#include "everform/core/decoding/engine/paged_attention.h"
#include "everform/core/decoding/engine/row_kernels.h"

namespace everform {
namespace {

// Numbers that a stage must touch for a second thread to be worth waking.
constexpr std::size_t kSharedWork = 16384;
// Bytes of weights in one item of a shared product.
constexpr std::size_t kItemBytes = 24576;
// Rows that one item puts into the cache.
constexpr std::size_t kPlacedRows = 16;
// Items begin at multiples of this many outputs, so that rows are finished in whole vectors.
constexpr std::size_t kItemOutputs = 16;

std::size_t size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

const float* or_null(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

// A buffer only grows: a smaller batch leaves it.
void at_least(AlignedFloats& buffer, std::size_t count) {
  if (buffer.size() < count) {
    buffer.resize(count);
  }
}

}  // namespace

ForwardPass::ForwardPass(const TransformerConfig& config, const PackedWeights& weights,
                         const KvLayout& layout, ActivationPrecision activations, ThreadTeam& team)
    : config_(config),
      weights_(weights),
      layout_(layout),
      activations_(activations),
      team_(team),
      width_(size(config.width)),
      head_width_(size(config.head_width)),
      group_(size(config.heads / config.kv_heads)),
      query_width_(size(config.heads * config.head_width)),
      key_width_(size(config.kv_heads * config.head_width)),
      ff_width_(size(config.ff_width)) {
  if (config.positions == PositionKind::kRotary) {
    rotary_ = RotaryEmbedding(config.rotary, head_width_);
  }
  if (config.positions == PositionKind::kAlibi) {
    const std::vector<double> slopes = alibi_slopes(size(config.heads), config.alibi_max_bias);
    slopes_.assign(slopes.begin(), slopes.end());
  }
}

template <typename Body>
void ForwardPass::each_row(std::size_t rows, std::size_t width, const Body& body) {
  if (rows * width < kSharedWork || team_.threads() == 1) {
    for (std::size_t row = 0; row < rows; ++row) {
      body(row);
    }
    return;
  }
  team_.run(rows, body);
}

template <typename Finish>
void ForwardPass::multiply(std::span<const Product> products, const Finish& finish) {
  struct Part {
    std::size_t product, first, last;  // panels
  };
  thread_local std::vector<Part> parts;
  parts.clear();
  for (std::size_t p = 0; p < products.size(); ++p) {
    const PackedMatrix& matrix = *products[p].linear->matrix;
    const std::size_t panels = matrix.panels();
    const std::size_t aligned = std::max<std::size_t>(1, kItemOutputs / matrix.panel_outputs());
    std::size_t step = panels;
    if (team_.threads() > 1) {
      const std::size_t wanted = std::max<std::size_t>(1, matrix.bytes() / kItemBytes);
      step = (panels + wanted - 1) / wanted;
      step = (step + aligned - 1) / aligned * aligned;
    }
    for (std::size_t first = 0; first < panels; first += step) {
      parts.push_back({p, first, std::min(first + step, panels)});
    }
  }
  const auto& work = parts;  // the caller's, also in the other threads
  team_.run(work.size(), [&](std::size_t item) {
    const Part& part = work[item];
    const Product& product = products[part.product];
    const PackedMatrix& matrix = *product.linear->matrix;
    matrix.multiply(*product.x, part.first, part.last, product.y, matrix.outputs());
    finish(part.product, part.first * matrix.panel_outputs(),
           std::min(part.last * matrix.panel_outputs(), matrix.outputs()));
  });
}

void ForwardPass::run(std::span<const BatchSegment> segments, float* logits) {
  lay_out(segments);
  each_row(rows_.size(), width_, [&](std::size_t row) { embed(row); });
  for (std::size_t layer = 0; layer < weights_.blocks.size(); ++layer) {
    run_block(layer);
  }
  write_logits(logits);
}

void ForwardPass::lay_out(std::span<const BatchSegment> segments) {
  segments_ = segments;
  rows_.clear();
  logit_rows_.clear();
  items_.clear();
  placements_.clear();
  const std::size_t block_rows = attention_rows(group_);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const BatchSegment& segment = segments[s];
    const std::size_t begin = rows_.size();
    const std::size_t count = segment.tokens.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (i + segment.logit_rows >= count) {
        logit_rows_.push_back(rows_.size());
      }
      rows_.push_back({s, segment.position + i});
    }
    for (std::size_t i = 0; i < count && count > 1;) {
      // Up to the next even position: pairs of positions share words of the cache.
      const std::size_t rows = std::min(count - i, kPlacedRows - (segment.position + i) % 2);
      placements_.push_back({begin + i, rows});
      i += rows;
    }
    for (std::size_t i = 0; i < count; i += block_rows) {
      for (std::size_t head = 0; head < layout_.kv_heads(); ++head) {
        items_.push_back({s, begin + i, std::min(block_rows, count - i), head});
      }
    }
  }
  const std::size_t rows = rows_.size();
  for (AlignedFloats* buffer : {&x_, &change_}) {
    at_least(*buffer, rows * width_);
  }
  for (AlignedFloats* buffer : {&query_, &mixed_}) {
    at_least(*buffer, rows * query_width_);
  }
  for (AlignedFloats* buffer : {&key_, &value_}) {
    at_least(*buffer, rows * key_width_);
  }
  at_least(up_, rows * ff_width_);
  at_least(gate_, config_.gated_mlp ? rows * ff_width_ : 0);
  at_least(cosine_, rows * rotary_.pairs());
  at_least(sine_, rows * rotary_.pairs());
}

void ForwardPass::embed(std::size_t row) {
  const Row& at = rows_[row];
  const BatchSegment& segment = segments_[at.segment];
  const auto x = std::span(x_).subspan(row * width_, width_);
  weights_.embedding.matrix->row(size(segment.tokens[at.position - segment.position]), x);
  if (config_.positions == PositionKind::kLearned) {
    const std::size_t first = (at.position + size(config_.position_offset)) * width_;
    row_kernels().add(weights_.positions.data() + first, nullptr, width_, x.data());
  } else if (config_.positions == PositionKind::kSinusoidal) {
    add_sinusoidal(at.position, x);
  } else if (config_.positions == PositionKind::kRotary) {
    const std::size_t pairs = rotary_.pairs();
    rotary_.angles(at.position, std::span(cosine_).subspan(row * pairs, pairs),
                   std::span(sine_).subspan(row * pairs, pairs));
  }
  if (config_.embedding_norm) {
    normalize(weights_.embedding_norm, x.data(), x.data());
  }
}

void ForwardPass::run_block(std::size_t layer) {
  const PackedBlock& block = weights_.blocks[layer];
  if (config_.norm_placement == NormPlacement::kPost) {
    prepare(x_, width_, block.query, attention_input_);
    attention(layer, attention_input_);
    normalize_in_place(block.attention_norm);
    prepare(x_, width_, block.up, mlp_input_);
    mlp(block, mlp_input_);
    normalize_in_place(block.mlp_norm);
    return;
  }
  prepare_normal(block.attention_norm, block.query, attention_input_);
  if (config_.residual == Residual::kSequential) {
    attention(layer, attention_input_);
    prepare_normal(block.mlp_norm, block.up, mlp_input_);
    mlp(block, mlp_input_);
    return;
  }
  // Both halves read x as it is before either is added.
  const bool shared = config_.residual == Residual::kParallelShared;
  prepare_normal(shared ? block.attention_norm : block.mlp_norm, block.up, mlp_input_);
  attention(layer, attention_input_);
  mlp(block, mlp_input_);
}

void ForwardPass::attention(std::size_t layer, const ActivationRows& x) {
  const PackedBlock& block = weights_.blocks[layer];
  const Product products[] = {
      {&block.query, &x, query_.data()}, {&block.key, &x, key_.data()}, {&block.value, &x, value_.data()}};
  multiply(products, [&](std::size_t p, std::size_t first, std::size_t last) {
    const PackedLinear& linear = *products[p].linear;
    for (std::size_t row = 0; row < rows_.size() && !linear.bias.empty(); ++row) {
      row_kernels().add(linear.bias.data() + first, nullptr, last - first,
                        products[p].y + row * linear.matrix->outputs() + first);
    }
  });
  // A row attends to the rows before it in the batch, so these are placed first; a row alone places itself.
  if (!placements_.empty()) {
    team_.run(placements_.size(), [&](std::size_t item) {
      const Placement& placed = placements_[item];
      for (std::size_t row = placed.first_row; row < placed.first_row + placed.rows; ++row) {
        place_row(layer, row, 0, layout_.kv_heads());
      }
    });
  }
  team_.run(items_.size(), [&](std::size_t item) { attend(layer, items_[item]); });
  output(block);
}

void ForwardPass::place_row(std::size_t layer, std::size_t row, std::size_t first_head,
                            std::size_t last_head) {
  const std::size_t pairs = rotary_.pairs();
  const float* cosine = cosine_.data() + row * pairs;
  const float* sine = sine_.data() + row * pairs;
  float* key = key_.data() + row * key_width_;
  const float* value = value_.data() + row * key_width_;
  if (pairs > 0) {
    for (std::size_t head = first_head * group_; head < last_head * group_; ++head) {
      row_kernels().rotate(cosine, sine, pairs, query_.data() + row * query_width_ + head * head_width_);
    }
  }
  const std::size_t position = rows_[row].position;
  std::byte* page = segments_[rows_[row].segment].sequence->page(position / kBlockPositions);
  for (std::size_t head = first_head; head < last_head; ++head) {
    if (pairs > 0) {
      row_kernels().rotate(cosine, sine, pairs, key + head * head_width_);
    }
    layout_.write(page, layer, head, position % kBlockPositions, {key + head * head_width_, head_width_},
                  {value + head * head_width_, head_width_});
  }
}

void ForwardPass::attend(std::size_t layer, const AttentionItem& item) {
  const BatchSegment& segment = segments_[item.segment];
  if (segment.tokens.size() == 1) {
    place_row(layer, item.first_row, item.head, item.head + 1);
  }
  const std::size_t at = item.first_row * query_width_ + item.head * group_ * head_width_;
  attend_paged({.layout = layout_,
                .sequence = *segment.sequence,
                .layer = layer,
                .head = item.head,
                .position = rows_[item.first_row].position,
                .rows = item.rows,
                .group = group_,
                .scale = config_.attention_scale != 0.0 ? static_cast<float>(config_.attention_scale)
                                                        : 1.0F / std::sqrt(static_cast<float>(head_width_)),
                .window = size(config_.window),
                .slopes = slopes_.empty() ? nullptr : slopes_.data() + item.head * group_,
                .queries = query_.data() + at,
                .out = mixed_.data() + at,
                .stride = query_width_});
}

void ForwardPass::output(const PackedBlock& block) {
  prepare(mixed_, query_width_, block.output, inner_);
  const Product products[] = {{&block.output, &inner_, change_.data()}};
  multiply(products, [&](std::size_t /*product*/, std::size_t first, std::size_t last) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::size_t at = row * width_ + first;
      row_kernels().add(change_.data() + at,
                        block.output.bias.empty() ? nullptr : block.output.bias.data() + first, last - first,
                        x_.data() + at);
    }
  });
}

void ForwardPass::mlp(const PackedBlock& block, const ActivationRows& x) {
  const Product both[] = {{&block.gate, &x, gate_.data()}, {&block.up, &x, up_.data()}};
  const auto products = std::span(both).subspan(config_.gated_mlp ? 0 : 1);
  multiply(products, [](std::size_t /*product*/, std::size_t /*first*/, std::size_t /*last*/) {});
  inner_.resize(precision_for(block.down), rows_.size(), ff_width_);
  each_row(rows_.size(), ff_width_, [&](std::size_t row) {
    float* inner = up_.data() + row * ff_width_;
    row_kernels().activate(config_.activation, config_.gated_mlp ? gate_.data() + row * ff_width_ : nullptr,
                           or_null(block.gate.bias), or_null(block.up.bias), ff_width_, inner);
    inner_.set(row, {inner, ff_width_});
  });
  const Product down[] = {{&block.down, &inner_, change_.data()}};
  multiply(down, [&](std::size_t /*product*/, std::size_t first, std::size_t last) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::size_t at = row * width_ + first;
      row_kernels().add(change_.data() + at,
                        block.down.bias.empty() ? nullptr : block.down.bias.data() + first, last - first,
                        x_.data() + at);
    }
  });
}

void ForwardPass::write_logits(float* logits) {
  const std::size_t rows = logit_rows_.size();
  if (rows == 0) {
    return;
  }
  const PackedLinear& head = weights_.head();
  attention_input_.resize(precision_for(head), rows, width_);
  each_row(rows, width_, [&](std::size_t row) {
    const float* x = x_.data() + logit_rows_[row] * width_;
    float* y = change_.data() + row * width_;
    if (config_.final_norm) {
      normalize(weights_.final_norm, x, y);
      x = y;
    }
    attention_input_.set(row, {x, width_});
  });
  const Product products[] = {{&head, &attention_input_, logits}};
  const std::size_t vocabulary = head.matrix->outputs();
  multiply(products, [&](std::size_t /*product*/, std::size_t first, std::size_t last) {
    for (std::size_t row = 0; row < rows && !weights_.head_bias.empty(); ++row) {
      row_kernels().add(weights_.head_bias.data() + first, nullptr, last - first,
                        logits + row * vocabulary + first);
    }
  });
}

void ForwardPass::prepare_normal(const NormWeights& norm, const PackedLinear& linear, ActivationRows& out) {
  out.resize(precision_for(linear), rows_.size(), width_);
  each_row(rows_.size(), width_, [&](std::size_t row) {
    float* normal = change_.data() + row * width_;
    normalize(norm, x_.data() + row * width_, normal);
    out.set(row, {normal, width_});
  });
}

void ForwardPass::prepare(const AlignedFloats& x, std::size_t width, const PackedLinear& linear,
                          ActivationRows& out) {
  out.resize(precision_for(linear), rows_.size(), width);
  each_row(rows_.size(), width, [&](std::size_t row) { out.set(row, {x.data() + row * width, width}); });
}

void ForwardPass::normalize_in_place(const NormWeights& norm) {
  each_row(rows_.size(), width_,
           [&](std::size_t row) { normalize(norm, x_.data() + row * width_, x_.data() + row * width_); });
}

void ForwardPass::normalize(const NormWeights& norm, const float* x, float* y) const {
  row_kernels().normalize(config_.norm, static_cast<float>(config_.norm_epsilon), norm.gain.data(),
                          or_null(norm.bias), width_, x, y);
}

ActivationPrecision ForwardPass::precision_for(const PackedLinear& linear) const {
  return activations_ == ActivationPrecision::kInt8 ? linear.matrix->fast_precision()
                                                    : ActivationPrecision::kFloat32;
}

}  // namespace everform
