// Softmax attention of whole sequences, a head at a time: operands and the forward pass. Included by each
// kernels_*.cpp after kernel_products.h.
//
// Scores of a block of queries against all keys they may see lie in one buffer, so that the softmax is the
// plain one.

constexpr std::int64_t kQueryBlock = 16;
constexpr std::int64_t kKeyBlock = 64;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

/// Sizes of one head's operands, padded.
template <bool kPairs>
struct HeadSizes {
  explicit HeadSizes(const AttentionShape& shape)
      : tokens(round_up(shape.tokens, kKeyBlock)),
        width(round_up(shape.head_width, 16)),
        depth(kPairs ? width / 2 : width),
        token_depth(kPairs ? tokens / 2 : tokens) {}

  std::int64_t tokens;
  std::int64_t width;
  std::int64_t depth;        ///< words across a head's width
  std::int64_t token_depth;  ///< words across the tokens
};

/// Hands out pieces of the thread's working memory.
class Scratch {
 public:
  explicit Scratch(void* memory) : next_(static_cast<unsigned char*>(memory)) {}

  template <typename T>
  T* take(std::int64_t count) {
    T* out = reinterpret_cast<T*>(next_);
    next_ += round_up(count * static_cast<std::int64_t>(sizeof(T)), 64);
    return out;
  }

 private:
  unsigned char* next_;
};

/// Which part of the fused rows: queries, keys or values, and which head.
struct HeadPlace {
  std::int64_t offset;  ///< of the head in a row of qkv
  bool rotates;
};

/// Rotates row [width] in place by the angles of one token; `turn` -1 turns back.
EVERFORM_INLINE void rotate(float* row, std::int64_t half, const float* cosine, const float* sine,
                            float turn) {
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = row[i];
    const float b = row[i + half];
    const float s = turn * sine[i];
    row[i] = a * cosine[i] - b * s;
    row[i + half] = b * cosine[i] + a * s;
  }
}

/// Asks for a head's part of a row that is read kRowsAhead rows later: rows lie so far apart that the
/// processor does not see the pattern itself.
constexpr std::int64_t kRowsAhead = 12;
template <typename T>
EVERFORM_INLINE void fetch_row(const T* row, std::int64_t count) {
  constexpr auto kLine = static_cast<std::int64_t>(64 / sizeof(T));
  for (std::int64_t i = 0; i < count; i += kLine) {
    __builtin_prefetch(row + i);
  }
  __builtin_prefetch(row + count - 1);
}

template <typename T>
EVERFORM_INLINE void widen_row(const T* from, const float* bias, std::int64_t count, std::int64_t padded,
                               float* to) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const int part = static_cast<int>(count - i < kLanes ? count - i : kLanes);
    store_part(to + i, biased(from, bias, i, part), part);
  }
  for (std::int64_t i = count; i < padded; ++i) {
    to[i] = 0.0F;
  }
}

/// Operand rows [tokens][depth] of one head of qkv, with bias and rotation; rows beyond the last token are
/// zero.
template <bool kPairs, typename T>
void pack_head(const AttentionForward& args, const HeadSizes<kPairs>& sizes, std::int64_t sequence,
               const HeadPlace& place, Word* rows) {
  const AttentionShape& shape = args.shape;
  const T* from = static_cast<const T*>(args.qkv.data) + sequence * shape.tokens * shape.row() + place.offset;
  const float* bias = args.bias != nullptr ? args.bias + place.offset : nullptr;
  const std::int64_t half = place.rotates ? shape.rotated / 2 : 0;
  alignas(64) float row[kLargestHead];
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    fetch_row(from + (t + kRowsAhead) * shape.row(), shape.head_width);
    widen_row(from + t * shape.row(), bias, shape.head_width, sizes.width, row);
    if (half > 0) {
      const std::int64_t at = sequence * args.angle_stride + t * half;
      rotate(row, half, args.cosine + at, args.sine + at, 1.0F);
    }
    for (std::int64_t i = 0; i < sizes.width; i += kLanes) {
      store_operand<kPairs>(rows + t * sizes.depth, i, load(row + i));
    }
  }
  __builtin_memset(rows + shape.tokens * sizes.depth, 0,
                   static_cast<std::size_t>((sizes.tokens - shape.tokens) * sizes.depth) * sizeof(Word));
}

/// Operand rows of one head of a plain array [batch, tokens, heads * head_width].
template <bool kPairs, typename T>
void pack_plain(const AttentionShape& shape, const HeadSizes<kPairs>& sizes, const T* from, Word* rows) {
  alignas(64) float row[kLargestHead];
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    fetch_row(from + (t + kRowsAhead) * shape.heads * shape.head_width, shape.head_width);
    widen_row(from + t * shape.heads * shape.head_width, nullptr, shape.head_width, sizes.width, row);
    for (std::int64_t i = 0; i < sizes.width; i += kLanes) {
      store_operand<kPairs>(rows + t * sizes.depth, i, load(row + i));
    }
  }
  __builtin_memset(rows + shape.tokens * sizes.depth, 0,
                   static_cast<std::size_t>((sizes.tokens - shape.tokens) * sizes.depth) * sizeof(Word));
}

/// From operand rows [tokens][depth] to the operand summed over tokens, [token_depth][width]; the same memory
/// without pairs.
template <bool kPairs>
Word* along_tokens(const HeadSizes<kPairs>& sizes, Word* rows, Word* room) {
  if constexpr (!kPairs) {
    return rows;
  } else {
    for (std::int64_t t = 0; t < sizes.token_depth; ++t) {
      const auto* even = reinterpret_cast<const Bf16*>(rows + 2 * t * sizes.depth);
      interleave_rows(even, even + sizes.width, room + t * sizes.width, sizes.width);
    }
    return room;
  }
}

struct Visible {
  const float* key_bias;  ///< of this sequence, padded with minus infinity; never null
  bool causal;
  std::int64_t tokens;  ///< padded
};

/// Keys that a block of queries may see, in whole vectors.
EVERFORM_INLINE std::int64_t visible_keys(const Visible& visible, std::int64_t first_query) {
  return visible.causal ? round_up(first_query + kQueryBlock, kLanes) : visible.tokens;
}

/// Scores [kQueryBlock][keys] become operand rows of unnormalised probabilities; returns each row's 1/sum and
/// log2 of the sum.
template <bool kPairs>
void softmax_block(const Visible& visible, std::int64_t first_query, std::int64_t keys, float scale,
                   float* scores, std::int64_t row_size, Word* rows, std::int64_t row_words, float* share,
                   float* log_sum) {
  const F factor = splat(scale * kLog2E);
  for (std::int64_t r = 0; r < kQueryBlock; ++r) {
    float* row = scores + r * row_size;
    F top = splat(-__builtin_inff());
    for (std::int64_t j = 0; j < keys; j += kLanes) {
      F score = fused(load(row + j), factor, load(visible.key_bias + j) * splat(kLog2E));
      if (visible.causal && j + kLanes > first_query + r + 1) {
        for (std::int64_t k = 0; k < kLanes; ++k) {
          score[k] = j + k > first_query + r ? -__builtin_inff() : score[k];
        }
      }
      store(row + j, score);
      top = largest(top, score);
    }
    const float peak = max_lanes(top);
    const bool blind = peak == -__builtin_inff();
    const F offset = splat(blind ? 0.0F : -peak);
    F sum{};
    for (std::int64_t j = 0; j < keys; j += kLanes) {
      const F power = exp2_of(load(row + j) + offset);
      sum = sum + power;
      store_operand<kPairs>(rows + r * row_words, j, power);
    }
    const float total = sum_lanes(sum);
    share[r] = blind ? 0.0F : 1.0F / total;
    log_sum[r] = blind ? __builtin_inff() : peak + __builtin_log2f(total);
  }
}

template <typename T>
EVERFORM_INLINE void store_row(const float* from, float factor, std::int64_t count, T* to) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const int part = static_cast<int>(count - i < kLanes ? count - i : kLanes);
    store_part(to + i, load_part(from + i, part) * splat(factor), part);
  }
}

template <bool kPairs, typename T>
void forward_head(const AttentionForward& args, const HeadSizes<kPairs>& sizes, const Visible& visible,
                  std::int64_t sequence, std::int64_t head, const Panel<Word>& keys,
                  const Panel<Word>& values, Scratch scratch) {
  const AttentionShape& shape = args.shape;
  Word* queries = scratch.take<Word>(sizes.tokens * sizes.depth);
  pack_head<kPairs, T>(args, sizes, sequence, {head * shape.head_width, true}, queries);
  float* scores = scratch.take<float>(kQueryBlock * sizes.tokens);
  Word* powers = scratch.take<Word>(kQueryBlock * sizes.token_depth);
  float* mixed = scratch.take<float>(kQueryBlock * sizes.width);
  float share[kQueryBlock];
  float log_sum[kQueryBlock];
  const std::int64_t out_row = shape.heads * shape.head_width;
  T* out = static_cast<T*>(args.out.data) + sequence * shape.tokens * out_row + head * shape.head_width;
  float* out_log = args.log_sum + (sequence * shape.heads + head) * shape.tokens;
  for (std::int64_t i = 0; i < shape.tokens; i += kQueryBlock) {
    const std::int64_t seen = visible_keys(visible, i);
    product<kPairs>(kQueryBlock, seen, sizes.depth, {queries + i * sizes.depth, sizes.depth}, keys,
                    {scores, sizes.tokens}, false);
    softmax_block<kPairs>(visible, i, seen, shape.scale, scores, sizes.tokens, powers, sizes.token_depth,
                          share, log_sum);
    product<kPairs>(kQueryBlock, sizes.width, kPairs ? seen / 2 : seen, {powers, sizes.token_depth}, values,
                    {mixed, sizes.width}, false);
    for (std::int64_t r = 0; r < kQueryBlock && i + r < shape.tokens; ++r) {
      store_row(mixed + r * sizes.width, share[r], shape.head_width, out + (i + r) * out_row);
      out_log[i + r] = log_sum[r];
    }
  }
}

/// The sequence's key bias, padded so that no key beyond the last token is seen.
EVERFORM_INLINE float* padded_key_bias(const AttentionForward& args, std::int64_t sequence,
                                       std::int64_t padded, Scratch& scratch) {
  float* bias = scratch.take<float>(padded);
  for (std::int64_t t = 0; t < padded; ++t) {
    if (t >= args.shape.tokens) {
      bias[t] = -__builtin_inff();
    } else {
      bias[t] = args.key_bias != nullptr ? args.key_bias[sequence * args.shape.tokens + t] : 0.0F;
    }
  }
  return bias;
}

template <bool kPairs, typename T>
void forward_task(const AttentionForward& args, std::int64_t task, Scratch scratch) {
  const AttentionShape& shape = args.shape;
  const HeadSizes<kPairs> sizes(shape);
  const std::int64_t sequence = task / shape.kv_heads;
  const std::int64_t kv_head = task % shape.kv_heads;
  const std::int64_t group = shape.heads / shape.kv_heads;
  const Visible visible{padded_key_bias(args, sequence, sizes.tokens, scratch), shape.causal, sizes.tokens};
  Word* rows = scratch.take<Word>(sizes.tokens * sizes.depth);
  Word* keys = scratch.take<Word>(sizes.depth * sizes.tokens);
  Word* values = scratch.take<Word>(sizes.token_depth * sizes.width);
  pack_head<kPairs, T>(args, sizes, sequence, {(shape.heads + kv_head) * shape.head_width, true}, rows);
  transpose(sizes.tokens, sizes.depth, {rows, sizes.depth}, {keys, sizes.tokens});
  pack_head<kPairs, T>(args, sizes, sequence,
                       {(shape.heads + shape.kv_heads + kv_head) * shape.head_width, false}, rows);
  values = along_tokens(sizes, rows, values);
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    forward_head<kPairs, T>(args, sizes, visible, sequence, head, {keys, sizes.tokens}, {values, sizes.width},
                            scratch);
  }
}

#ifdef EVERFORM_BF16_DOT
constexpr bool kHasPairs = true;
#else
constexpr bool kHasPairs = false;
#endif

void attention_forward(const AttentionForward& args, std::int64_t begin, std::int64_t end, void* scratch) {
  for (std::int64_t task = begin; task < end; ++task) {
    if (args.qkv.bf16) {
      forward_task<kHasPairs, Bf16>(args, task, Scratch(scratch));
    } else {
      forward_task<false, float>(args, task, Scratch(scratch));
    }
  }
}
