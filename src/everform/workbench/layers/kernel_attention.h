// Softmax attention of whole sequences, forward and backward, a head at a time. Included by each
// kernels_*.cpp after kernel_products.h.
//
// Scores of a block of queries against all keys they may see lie in one buffer, so that the softmax is the
// plain one. The backward pass (Dao et al. 2022, arXiv 2205.14135, algorithm 4) works on transposed scores
// [keys][queries], for which every product finds its operands summed along the right dimension without a
// transposition inside the loop.

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

/// One key head's operands in the backward pass.
struct KeySide {
  const Word* keys;             ///< [tokens][depth]
  const Word* values;           ///< [tokens][depth]
  const Word* keys_transposed;  ///< [width][token_depth], summed over tokens
  float* key_gradient;          ///< [tokens][width]
  float* value_gradient;        ///< [tokens][width]
};

/// One query head's.
struct QuerySide {
  const Word* queries_transposed;  ///< [depth][tokens]
  const Word* queries;             ///< [token_depth][width]
  const Word* douts_transposed;    ///< [depth][tokens]
  const Word* douts;               ///< [token_depth][width]
  const float* log_sum;            ///< [tokens]
  const float* delta;              ///< [tokens]: sum of out * dout
  float* gradient_transposed;      ///< [width][tokens]
};

/// Buffers of one block of keys against one block of queries, kKeyBlock x kKeyBlock.
struct BlockBuffers {
  float* scores;
  float* slopes;
  Word* powers;          ///< operand rows [keys][queries]
  Word* gradients;       ///< operand rows [keys][queries]
  Word* gradients_down;  ///< operand summed over keys
};

/// From scores and slopes of a block to operands of P and dS.
template <bool kPairs>
void differentiate_block(const Visible& visible, const QuerySide& side, float scale, std::int64_t first_key,
                         std::int64_t first_query, const BlockBuffers& block) {
  constexpr std::int64_t kWords = kPairs ? kKeyBlock / 2 : kKeyBlock;
  const F factor = splat(scale * kLog2E);
  for (std::int64_t r = 0; r < kKeyBlock; ++r) {
    const std::int64_t key = first_key + r;
    const F bias = splat(visible.key_bias[key] * kLog2E);
    for (std::int64_t i = 0; i < kKeyBlock; i += kLanes) {
      const std::int64_t query = first_query + i;
      F power =
          exp2_of(fused(load(block.scores + r * kKeyBlock + i), factor, bias - load(side.log_sum + query)));
      if (visible.causal && key > query) {
        for (std::int64_t k = 0; k < kLanes; ++k) {
          power[k] = key > query + k ? 0.0F : power[k];
        }
      }
      const F gradient = power * (load(block.slopes + r * kKeyBlock + i) - load(side.delta + query));
      store_operand<kPairs>(block.powers + r * kWords, i, power);
      store_operand<kPairs>(block.gradients + r * kWords, i, gradient);
    }
    if constexpr (kPairs) {
      if (r % 2 == 1) {
        const auto* even = reinterpret_cast<const Bf16*>(block.gradients + (r - 1) * kWords);
        interleave_rows(even, even + kKeyBlock, block.gradients_down + (r / 2) * kKeyBlock, kKeyBlock);
      }
    }
  }
}

template <bool kPairs>
void backward_blocks(const HeadSizes<kPairs>& sizes, const Visible& visible, float scale, const KeySide& keys,
                     const QuerySide& side, const BlockBuffers& block) {
  constexpr std::int64_t kWords = kPairs ? kKeyBlock / 2 : kKeyBlock;
  const std::int64_t per_block = kPairs ? kKeyBlock / 2 : kKeyBlock;
  const Panel<Word> down{kPairs ? block.gradients_down : block.gradients, kKeyBlock};
  for (std::int64_t j = 0; j < sizes.tokens; j += kKeyBlock) {
    for (std::int64_t i = visible.causal ? j : 0; i < sizes.tokens; i += kKeyBlock) {
      product<kPairs>(
          kKeyBlock, kKeyBlock, sizes.depth, {const_cast<Word*>(keys.keys) + j * sizes.depth, sizes.depth},
          {const_cast<Word*>(side.queries_transposed) + i, sizes.tokens}, {block.scores, kKeyBlock}, false);
      product<kPairs>(
          kKeyBlock, kKeyBlock, sizes.depth, {const_cast<Word*>(keys.values) + j * sizes.depth, sizes.depth},
          {const_cast<Word*>(side.douts_transposed) + i, sizes.tokens}, {block.slopes, kKeyBlock}, false);
      differentiate_block<kPairs>(visible, side, scale, j, i, block);
      const std::int64_t query_word = i / kKeyBlock * per_block;
      const std::int64_t key_word = j / kKeyBlock * per_block;
      product<kPairs>(kKeyBlock, sizes.width, kWords, {block.powers, kWords},
                      {const_cast<Word*>(side.douts) + query_word * sizes.width, sizes.width},
                      {keys.value_gradient + j * sizes.width, sizes.width}, true);
      product<kPairs>(kKeyBlock, sizes.width, kWords, {block.gradients, kWords},
                      {const_cast<Word*>(side.queries) + query_word * sizes.width, sizes.width},
                      {keys.key_gradient + j * sizes.width, sizes.width}, true);
      product<kPairs>(sizes.width, kKeyBlock, kWords,
                      {const_cast<Word*>(keys.keys_transposed) + key_word, sizes.token_depth}, down,
                      {side.gradient_transposed + i, sizes.tokens}, true);
    }
  }
}

/// Writes gradient rows [tokens][width] (times `factor`, turned back where they were rotated) into dqkv, and
/// their sum into dbias.
template <typename T>
void unpack_gradient(const AttentionBackward& args, std::int64_t sequence, const HeadPlace& place,
                     const float* rows, std::int64_t width, float factor) {
  const AttentionShape& shape = args.forward.shape;
  T* to = static_cast<T*>(args.dqkv.data) + sequence * shape.tokens * shape.row() + place.offset;
  float* dbias = args.dbias != nullptr ? args.dbias + sequence * shape.row() + place.offset : nullptr;
  const std::int64_t half = place.rotates ? shape.rotated / 2 : 0;
  alignas(64) float row[kLargestHead];
  for (std::int64_t i = 0; dbias != nullptr && i < shape.head_width; ++i) {
    dbias[i] = 0.0F;
  }
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    for (std::int64_t i = 0; i < width; i += kLanes) {
      store(row + i, load(rows + t * width + i) * splat(factor));
    }
    if (half > 0) {
      const std::int64_t at = sequence * args.forward.angle_stride + t * half;
      rotate(row, half, args.forward.cosine + at, args.forward.sine + at, -1.0F);
    }
    store_row(row, 1.0F, shape.head_width, to + t * shape.row());
    if (dbias != nullptr) {
      RowLoop{shape.head_width}(
          [&](std::int64_t i, int count) { add_to(dbias + i, load_part(row + i, count), count); });
    }
  }
}

/// delta[t] = sum of out * dout; the rest of the padded row is zero, and log_sum plus infinity there (no
/// query, no probability).
template <typename T>
void row_sums(const AttentionBackward& args, std::int64_t sequence, std::int64_t head, std::int64_t padded,
              float* delta, float* log_sum) {
  const AttentionShape& shape = args.forward.shape;
  const std::int64_t row = shape.heads * shape.head_width;
  const std::int64_t at = sequence * shape.tokens * row + head * shape.head_width;
  const T* out = static_cast<const T*>(args.forward.out.data) + at;
  const T* dout = static_cast<const T*>(args.dout.data) + at;
  const float* logs = args.forward.log_sum + (sequence * shape.heads + head) * shape.tokens;
  for (std::int64_t t = 0; t < padded; ++t) {
    if (t >= shape.tokens) {
      delta[t] = 0.0F;
      log_sum[t] = __builtin_inff();
      continue;
    }
    fetch_row(out + (t + kRowsAhead) * row, shape.head_width);
    F sum{};
    RowLoop{shape.head_width}([&](std::int64_t i, int count) {
      sum = fused(load_part(out + t * row + i, count), load_part(dout + t * row + i, count), sum);
    });
    delta[t] = sum_lanes(sum);
    log_sum[t] = logs[t];
  }
}

template <bool kPairs, typename T>
void backward_head(const AttentionBackward& args, const HeadSizes<kPairs>& sizes, const Visible& visible,
                   std::int64_t sequence, std::int64_t head, const KeySide& keys, Scratch scratch) {
  const AttentionShape& shape = args.forward.shape;
  const std::int64_t rows_size = sizes.tokens * sizes.depth;
  Word* queries = scratch.take<Word>(rows_size);
  Word* queries_transposed = scratch.take<Word>(rows_size);
  Word* queries_down = scratch.take<Word>(sizes.token_depth * sizes.width);
  Word* douts = scratch.take<Word>(rows_size);
  Word* douts_transposed = scratch.take<Word>(rows_size);
  Word* douts_down = scratch.take<Word>(sizes.token_depth * sizes.width);
  float* delta = scratch.take<float>(sizes.tokens);
  float* log_sum = scratch.take<float>(sizes.tokens);
  float* gradient_transposed = scratch.take<float>(sizes.width * sizes.tokens);
  float* gradient = scratch.take<float>(sizes.tokens * sizes.width);
  const BlockBuffers block{
      scratch.take<float>(kKeyBlock * kKeyBlock), scratch.take<float>(kKeyBlock * kKeyBlock),
      scratch.take<Word>(kKeyBlock * kKeyBlock), scratch.take<Word>(kKeyBlock * kKeyBlock),
      scratch.take<Word>(kKeyBlock * kKeyBlock)};
  pack_head<kPairs, T>(args.forward, sizes, sequence, {head * shape.head_width, true}, queries);
  transpose(sizes.tokens, sizes.depth, {queries, sizes.depth}, {queries_transposed, sizes.tokens});
  const std::int64_t at = (sequence * shape.tokens * shape.heads + head) * shape.head_width;
  pack_plain<kPairs, T>(shape, sizes, static_cast<const T*>(args.dout.data) + at, douts);
  transpose(sizes.tokens, sizes.depth, {douts, sizes.depth}, {douts_transposed, sizes.tokens});
  row_sums<T>(args, sequence, head, sizes.tokens, delta, log_sum);
  __builtin_memset(gradient_transposed, 0,
                   static_cast<std::size_t>(sizes.width * sizes.tokens) * sizeof(float));
  const QuerySide side{.queries_transposed = queries_transposed,
                       .queries = along_tokens(sizes, queries, queries_down),
                       .douts_transposed = douts_transposed,
                       .douts = along_tokens(sizes, douts, douts_down),
                       .log_sum = log_sum,
                       .delta = delta,
                       .gradient_transposed = gradient_transposed};
  backward_blocks(sizes, visible, shape.scale, keys, side, block);
  transpose(sizes.width, sizes.tokens, {reinterpret_cast<Word*>(gradient_transposed), sizes.tokens},
            {reinterpret_cast<Word*>(gradient), sizes.width});
  unpack_gradient<T>(args, sequence, {head * shape.head_width, true}, gradient, sizes.width, shape.scale);
}

template <bool kPairs, typename T>
void backward_task(const AttentionBackward& args, std::int64_t task, Scratch scratch) {
  const AttentionShape& shape = args.forward.shape;
  const HeadSizes<kPairs> sizes(shape);
  const std::int64_t sequence = task / shape.kv_heads;
  const std::int64_t kv_head = task % shape.kv_heads;
  const std::int64_t group = shape.heads / shape.kv_heads;
  const HeadPlace key_place{(shape.heads + kv_head) * shape.head_width, true};
  const HeadPlace value_place{(shape.heads + shape.kv_heads + kv_head) * shape.head_width, false};
  const Visible visible{padded_key_bias(args.forward, sequence, sizes.tokens, scratch), shape.causal,
                        sizes.tokens};
  Word* keys = scratch.take<Word>(sizes.tokens * sizes.depth);
  Word* values = scratch.take<Word>(sizes.tokens * sizes.depth);
  Word* keys_down = scratch.take<Word>(sizes.token_depth * sizes.width);
  Word* keys_transposed = scratch.take<Word>(sizes.width * sizes.token_depth);
  float* key_gradient = scratch.take<float>(sizes.tokens * sizes.width);
  float* value_gradient = scratch.take<float>(sizes.tokens * sizes.width);
  pack_head<kPairs, T>(args.forward, sizes, sequence, key_place, keys);
  pack_head<kPairs, T>(args.forward, sizes, sequence, value_place, values);
  transpose(sizes.token_depth, sizes.width, {along_tokens(sizes, keys, keys_down), sizes.width},
            {keys_transposed, sizes.token_depth});
  __builtin_memset(key_gradient, 0, static_cast<std::size_t>(sizes.tokens * sizes.width) * sizeof(float));
  __builtin_memset(value_gradient, 0, static_cast<std::size_t>(sizes.tokens * sizes.width) * sizeof(float));
  const KeySide side{keys, values, keys_transposed, key_gradient, value_gradient};
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    backward_head<kPairs, T>(args, sizes, visible, sequence, head, side, scratch);
  }
  unpack_gradient<T>(args, sequence, key_place, key_gradient, sizes.width, shape.scale);
  unpack_gradient<T>(args, sequence, value_place, value_gradient, sizes.width, 1.0F);
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

void attention_backward(const AttentionBackward& args, std::int64_t begin, std::int64_t end, void* scratch) {
  for (std::int64_t task = begin; task < end; ++task) {
    if (args.forward.qkv.bf16) {
      backward_task<kHasPairs, Bf16>(args, task, Scratch(scratch));
    } else {
      backward_task<false, float>(args, task, Scratch(scratch));
    }
  }
}
