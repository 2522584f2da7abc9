// Small matrix products out of packed panels, and the packing. Included by each kernels_*.cpp after
// kernel_simd.h.
//
// An operand's element is a 32-bit word: a float, or (kPairs) two neighbouring bfloat16 of the dimension that
// is summed over. So the same loops serve both: A [rows][depth] is broadcast word by word, B [depth][columns]
// is loaded in vectors.

using Word = std::uint32_t;

#if EVERFORM_LANES == 16
constexpr int kTileRows = 4;
constexpr int kTileVectors = 4;
#else
constexpr int kTileRows = 4;
constexpr int kTileVectors = 1;
#endif

template <bool kPairs>
EVERFORM_INLINE F multiply_add(Word a, const U& b, const F& c) {
#ifdef EVERFORM_BF16_DOT
  if constexpr (kPairs) {
    return bits_as<F>(_mm512_dpbf16_ps(
        bits_as<__m512>(c), bits_as<__m512bh>(_mm512_set1_epi32(static_cast<int>(a))), bits_as<__m512bh>(b)));
  }
#endif
  return fused(splat(bits_as<float>(a)), bits_as<F>(b), c);
}

template <bool kPairs, int kRows, int kVectors>
EVERFORM_INLINE void product_tile(std::int64_t depth, const Word* a, std::int64_t a_row, const Word* b,
                                  std::int64_t b_row, float* c, std::int64_t c_row, bool add) {
  F sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = add ? load(c + r * c_row + v * kLanes) : F{};
    }
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    U row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      __builtin_memcpy(&row[v], b + k * b_row + v * kLanes, sizeof(U));
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = multiply_add<kPairs>(a[r * a_row + k], row[v], sums[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      store(c + r * c_row + v * kLanes, sums[r][v]);
    }
  }
}

/// A matrix of 32-bit elements in row-major order.
template <typename T>
struct Panel {
  T* data;
  std::int64_t row;  ///< elements between rows

  T* at(std::int64_t i, std::int64_t j) const { return data + i * row + j; }
};

/// C [rows][columns] = A [rows][depth] B [depth][columns] (+ C). rows a multiple of kTileRows, columns of
/// kLanes.
template <bool kPairs>
void product(std::int64_t rows, std::int64_t columns, std::int64_t depth, const Panel<Word>& a,
             const Panel<Word>& b, const Panel<float>& c, bool add) {
  constexpr int kStep = kLanes * kTileVectors;
  std::int64_t j = 0;
  for (; j + kStep <= columns; j += kStep) {
    for (std::int64_t i = 0; i < rows; i += kTileRows) {
      product_tile<kPairs, kTileRows, kTileVectors>(depth, a.at(i, 0), a.row, b.at(0, j), b.row, c.at(i, j),
                                                    c.row, add);
    }
  }
  for (; j < columns; j += kLanes) {
    for (std::int64_t i = 0; i < rows; i += kTileRows) {
      product_tile<kPairs, kTileRows, 1>(depth, a.at(i, 0), a.row, b.at(0, j), b.row, c.at(i, j), c.row, add);
    }
  }
}

#if EVERFORM_LANES == 16
template <typename V>
EVERFORM_INLINE void interleave_32(V& a, V& b) {
  const V low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
  b = __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  a = low;
}
template <typename V>
EVERFORM_INLINE void interleave_64(V& a, V& b) {
  const V low = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
  b = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  a = low;
}
template <typename V>
EVERFORM_INLINE void interleave_128(V& a, V& b) {
  const V low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  b = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  a = low;
}

/// to[j][i] = from[i][j] for 16 x 16 words.
EVERFORM_INLINE void transpose_block(const Word* from, std::int64_t from_row, Word* to, std::int64_t to_row) {
  U r[16];
  for (int i = 0; i < 16; ++i) {
    __builtin_memcpy(&r[i], from + i * from_row, sizeof(U));
  }
  for (int i = 0; i < 16; i += 2) {
    interleave_32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    interleave_64(r[i], r[i + 2]);
    interleave_64(r[i + 1], r[i + 3]);
  }
  // Now r[4g + c] holds, in each quarter q, column 4q + s(c) of rows 4g..4g+3, s = {0, 2, 1, 3}.
  for (int i = 0; i < 4; ++i) {
    interleave_128(r[i], r[i + 4]);
    interleave_128(r[i + 8], r[i + 12]);
    interleave_128(r[i], r[i + 8]);
    interleave_128(r[i + 4], r[i + 12]);
  }
  constexpr int kColumn[4] = {0, 2, 1, 3};
  for (int c = 0; c < 4; ++c) {
    const int column = kColumn[c];
    __builtin_memcpy(to + (column + 0) * to_row, &r[c], sizeof(U));
    __builtin_memcpy(to + (column + 4) * to_row, &r[c + 4], sizeof(U));
    __builtin_memcpy(to + (column + 8) * to_row, &r[c + 8], sizeof(U));
    __builtin_memcpy(to + (column + 12) * to_row, &r[c + 12], sizeof(U));
  }
}
#else
EVERFORM_INLINE void transpose_block(const Word* from, std::int64_t from_row, Word* to, std::int64_t to_row) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      to[j * to_row + i] = from[i * from_row + j];
    }
  }
}
#endif

/// to [columns][rows] = from [rows][columns], both multiples of 16 (a last block of columns may be 8 wide
/// with kPairs and a narrow head: then `from` has room to be read).
inline void transpose(std::int64_t rows, std::int64_t columns, const Panel<Word>& from,
                      const Panel<Word>& to) {
  for (std::int64_t j = 0; j < columns; j += 16) {
    for (std::int64_t i = 0; i < rows; i += 16) {
      if (columns - j >= 16) {
        transpose_block(from.at(i, j), from.row, to.at(j, i), to.row);
        continue;
      }
      for (std::int64_t di = 0; di < 16; ++di) {
        for (std::int64_t dj = 0; dj < columns - j; ++dj) {
          *to.at(j + dj, i + di) = *from.at(i + di, j + dj);
        }
      }
    }
  }
}

/// Stores a vector of floats as words of an operand row: kPairs packs two neighbours in each.
template <bool kPairs>
EVERFORM_INLINE void store_operand(Word* row, std::int64_t column, const F& value) {
  if constexpr (kPairs) {
    store(reinterpret_cast<Bf16*>(row) + column, value);
  } else {
    store(reinterpret_cast<float*>(row) + column, value);
  }
}

/// B operand summed over rows: word (r/2, c) holds elements (r, c) and (r+1, c). Without pairs the rows are
/// that already.
EVERFORM_INLINE void interleave_rows(const Bf16* even, const Bf16* odd, Word* to, std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; c += kLanes) {
    H low;
    H high;
    __builtin_memcpy(&low, even + c, sizeof(H));
    __builtin_memcpy(&high, odd + c, sizeof(H));
    const U words = __builtin_convertvector(low, U) | (__builtin_convertvector(high, U) << 16);
    __builtin_memcpy(to + c, &words, sizeof(U));
  }
}
