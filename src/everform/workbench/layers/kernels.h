// Fused row and attention kernels on plain arrays, in several instruction sets behind one table. Torch-free.
//
// Every kernel works on a range of independent items (rows, or heads of sequences), so that the caller may
// split them over threads without changing a bit of the result. What is summed over rows goes into partial
// sums that the caller adds up in a fixed order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "everform/core/recipes/transformer_config.h"

namespace everform::kernels {

/// Row-major numbers in float32 or bfloat16; `data` may be null where an array is optional.
struct Array {
  void* data = nullptr;
  bool bf16 = false;
};

/// sum = x + change + change_bias; y = norm(sum) * gain + bias. Rows of `width`.
struct NormForward {
  std::int64_t width = 0;
  Array x;
  Array change;                        ///< optional
  const float* change_bias = nullptr;  ///< [width], optional
  Array sum;                           ///< out; null where there is no change: x itself is normalised
  const float* gain = nullptr;         ///< [width]
  const float* bias = nullptr;         ///< [width], optional
  float epsilon = 0.0F;
  bool rms = false;
  Array y;                 ///< out; null: the sum alone is wanted
  float* mean = nullptr;   ///< [rows] out
  float* scale = nullptr;  ///< [rows] out: 1 / deviation
};

/// dx = dsum + gradient of the norm; dchange is the same values in change's type.
struct NormBackward {
  std::int64_t width = 0;
  Array dy;    ///< null where y was not wanted
  Array dsum;  ///< gradient that reaches the sum directly; optional
  Array sum;   ///< what was normalised
  const float* mean = nullptr;
  const float* scale = nullptr;
  const float* gain = nullptr;
  bool rms = false;
  Array dx;       ///< out
  Array dchange;  ///< out, optional
  /// Added to, [width] each; optional.
  float* dgain = nullptr;
  float* dbias = nullptr;
  float* dchange_bias = nullptr;
};

/// y = act(x + bias) [* (factor + factor_bias)]. Rows of `width`.
struct ActivationForward {
  std::int64_t width = 0;
  Activation kind = Activation::kGelu;
  Array x;
  const float* bias = nullptr;  ///< [width], optional
  Array factor;                 ///< the linear half of a gated MLP; optional
  const float* factor_bias = nullptr;
  Array y;  ///< out
};

struct ActivationBackward {
  ActivationForward forward;  ///< its y is not read
  Array dy;
  Array dx;                ///< out
  Array dfactor;           ///< out, where there is a factor
  float* dbias = nullptr;  ///< added to, [width]; optional
  float* dfactor_bias = nullptr;
};

/// Self-attention of queries, keys and values that lie in one array [batch, tokens, (heads + 2 kv_heads)
/// head_width].
struct AttentionShape {
  std::int64_t batch = 0;
  std::int64_t tokens = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_width = 0;  ///< at most kLargestHead
  bool causal = true;
  float scale = 1.0F;
  std::int64_t rotated = 0;  ///< leading dimensions of each head that are rotated

  std::int64_t row() const { return (heads + 2 * kv_heads) * head_width; }
  std::int64_t tasks() const { return batch * kv_heads; }
};

inline constexpr std::int64_t kLargestHead = 256;

struct AttentionForward {
  AttentionShape shape;
  Array qkv;
  const float* bias = nullptr;    ///< [row()], added to qkv before anything else; optional
  const float* cosine = nullptr;  ///< [batch or 1, tokens, rotated / 2]
  const float* sine = nullptr;
  std::int64_t angle_stride = 0;    ///< between sequences; 0: all have the same positions
  const float* key_bias = nullptr;  ///< [batch, tokens], added to every score of a key; optional
  Array out;                        ///< [batch, tokens, heads head_width]
  float* log_sum =
      nullptr;  ///< [batch, heads, tokens] out: log2 of the softmax's denominator, +inf where nothing is seen
};

struct AttentionBackward {
  AttentionForward forward;
  Array dout;
  Array dqkv;              ///< out, same layout as qkv
  float* dbias = nullptr;  ///< [batch, row()] out, a sequence's own sums; optional
};

/// Softmax cross-entropy of rows of logits, whose gradient replaces them.
struct CrossEntropy {
  std::int64_t classes = 0;
  Array logits;  ///< [rows, classes], in: logits; out: (softmax - one_hot) where dlogits are wanted
  const std::int64_t* targets = nullptr;  ///< [rows]; negative: the row does not count
  bool gradient = true;
  float* loss = nullptr;  ///< [rows] out: -log p(target), 0 where the row does not count
};

/// One instruction set's kernels. Ranges are [begin, end) of rows or tasks.
struct Table {
  const char* name;
  void (*norm_forward)(const NormForward&, std::int64_t begin, std::int64_t end);
  void (*norm_backward)(const NormBackward&, std::int64_t begin, std::int64_t end);
  void (*activation_forward)(const ActivationForward&, std::int64_t begin, std::int64_t end);
  void (*activation_backward)(const ActivationBackward&, std::int64_t begin, std::int64_t end);
  /// @param scratch attention_scratch() bytes, 64-byte aligned, of this thread alone
  void (*attention_forward)(const AttentionForward&, std::int64_t begin, std::int64_t end, void* scratch);
  void (*attention_backward)(const AttentionBackward&, std::int64_t begin, std::int64_t end, void* scratch);
  void (*cross_entropy)(const CrossEntropy&, std::int64_t begin, std::int64_t end);
};

/// Working memory of one thread in attention, forward or backward.
std::size_t attention_scratch(const AttentionShape& shape);

/// The table in use: the best for this processor, or what the environment variable
/// EVERFORM_KERNELS=base|avx2|avx512|avx512bf16 names where the processor has it.
const Table& table();
/// Every table that this processor can run, best first.
std::span<const Table* const> runnable_tables();
/// For tests and comparisons: uses this table from now on; nullptr returns to the best.
void use_table(const Table* table);

}  // namespace everform::kernels
