// The backward pass of attention. Included by each kernels_*.cpp after kernel_attention.h.
//
// It works on transposed scores [keys][queries] (Dao et al. 2022, arXiv 2205.14135, algorithm 4), for which
// every product finds its operands summed along the right dimension without a transposition inside the loop.

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

void attention_backward(const AttentionBackward& args, std::int64_t begin, std::int64_t end, void* scratch) {
  for (std::int64_t task = begin; task < end; ++task) {
    if (args.forward.qkv.bf16) {
      backward_task<kHasPairs, Bf16>(args, task, Scratch(scratch));
    } else {
      backward_task<false, float>(args, task, Scratch(scratch));
    }
  }
}
