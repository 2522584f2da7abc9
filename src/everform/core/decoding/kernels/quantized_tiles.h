// Tiles of products with quantized panels, written once for every x86 instruction set.
//
// Included by the file of an instruction set inside its unnamed namespace, after it has defined the vector
// operations (a struct V) and the macros EVERFORM_TARGET, the set's target attribute, and EVERFORM_INLINE,
// the same with always_inline. A panel's 16 outputs are V::kParts vectors of V::kLanes lanes, each worked on
// in turn, and every lane is one output.

struct Bytes {
  static constexpr std::size_t kCodeBytes = 8 * kCacheLine;
  static constexpr std::size_t kHighBytes = 0;
  static constexpr bool kSignedDot = true;
  EVERFORM_INLINE static void unpack(const std::byte* codes, const std::byte* /*high*/, V::Ints* w) {
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      w[g] = V::load(codes + g * kCacheLine);
    }
  }
};

struct Nibbles {
  static constexpr std::size_t kCodeBytes = 4 * kCacheLine;
  static constexpr std::size_t kHighBytes = 0;
  static constexpr bool kSignedDot = false;
  EVERFORM_INLINE static void unpack(const std::byte* codes, const std::byte* /*high*/, V::Ints* w) {
    const V::Ints low = V::all_bytes(15);
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) {
      const V::Ints pair = V::load(codes + g * kCacheLine);
      w[g] = V::both(pair, low);
      w[g + 4] = V::both(V::template shift_bits<4, 0>(pair), low);
    }
  }
};

struct FiveBits {
  static constexpr std::size_t kCodeBytes = 4 * kCacheLine;
  static constexpr std::size_t kHighBytes = kCacheLine;
  static constexpr bool kSignedDot = false;
  EVERFORM_INLINE static void unpack(const std::byte* codes, const std::byte* high, V::Ints* w) {
    Nibbles::unpack(codes, high, w);
    const V::Ints bits = V::load(high);
    const V::Ints mask = V::all_bytes(16);
    w[0] = V::or_masked(w[0], V::template shift_bits<0, 4>(bits), mask);
    w[1] = V::or_masked(w[1], V::template shift_bits<1, 4>(bits), mask);
    w[2] = V::or_masked(w[2], V::template shift_bits<2, 4>(bits), mask);
    w[3] = V::or_masked(w[3], V::template shift_bits<3, 4>(bits), mask);
    w[4] = V::or_masked(w[4], V::template shift_bits<4, 4>(bits), mask);
    w[5] = V::or_masked(w[5], V::template shift_bits<5, 4>(bits), mask);
    w[6] = V::or_masked(w[6], V::template shift_bits<6, 4>(bits), mask);
    w[7] = V::or_masked(w[7], V::template shift_bits<7, 4>(bits), mask);
  }
};

struct SixBits {
  static constexpr std::size_t kCodeBytes = 4 * kCacheLine;
  static constexpr std::size_t kHighBytes = 2 * kCacheLine;
  static constexpr bool kSignedDot = false;
  EVERFORM_INLINE static void unpack(const std::byte* codes, const std::byte* high, V::Ints* w) {
    Nibbles::unpack(codes, high, w);
    const V::Ints mask = V::all_bytes(48);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      const V::Ints bits = V::load(high + h * kCacheLine);
      w[4 * h] = V::or_masked(w[4 * h], V::template shift_bits<0, 4>(bits), mask);
      w[4 * h + 1] = V::or_masked(w[4 * h + 1], V::template shift_bits<2, 4>(bits), mask);
      w[4 * h + 2] = V::or_masked(w[4 * h + 2], V::template shift_bits<4, 4>(bits), mask);
      w[4 * h + 3] = V::or_masked(w[4 * h + 3], V::template shift_bits<6, 4>(bits), mask);
    }
  }
};

// The scales of one block as vectors over outputs.
struct BlockScales {
  V::Floats scale;    // kSuperHalf: of the superblock
  V::Floats minimum;  // of the kinds with one: to be added (kHalfPair) or subtracted (kSuperPair)
  V::Ints halves[2];  // kSuperHalf: the integer scales
};

template <ScaleKind Kind>
inline constexpr std::size_t kScaleBytes = Kind == ScaleKind::kHalfPair ? 64 : 32;

// @param lane the first of the vector's outputs
template <ScaleKind Kind>
EVERFORM_INLINE BlockScales load_scales(const std::byte* scales, const std::byte* supers, std::size_t lane) {
  BlockScales out = {};
  if constexpr (Kind == ScaleKind::kHalf) {
    out.scale = V::load_halves(scales + 2 * lane);
  } else if constexpr (Kind == ScaleKind::kHalfPair) {
    out.scale = V::load_halves(scales + 2 * lane);
    out.minimum = V::load_halves(scales + 2 * (kPanelOutputs + lane));
  } else if constexpr (Kind == ScaleKind::kSuperPair) {
    out.scale = V::mul(V::load_halves(supers + 2 * lane), V::to_floats(V::widen_unsigned(scales + lane)));
    out.minimum = V::mul(V::load_halves(supers + 2 * (kPanelOutputs + lane)),
                         V::to_floats(V::widen_unsigned(scales + kPanelOutputs + lane)));
  } else {
    out.scale = V::load_halves(supers + 2 * lane);
    out.halves[0] = V::widen_signed(scales + lane);
    out.halves[1] = V::widen_signed(scales + kPanelOutputs + lane);
  }
  return out;
}

// Goes over the blocks of a panel in the order in which they lie in memory.
template <typename Codes, ScaleKind Kind>
class BlockCursor {
 public:
  EVERFORM_INLINE BlockCursor(const PanelLayout& layout, const std::byte* panel, std::size_t lane)
      : record_(panel), record_bytes_(layout.record_bytes), left_(layout.blocks), lane_(lane) {
    begin_record();
  }
  EVERFORM_INLINE bool at_end() const { return left_ == 0; }
  EVERFORM_INLINE void unpack(V::Ints* w) const { Codes::unpack(codes_, codes_ + Codes::kCodeBytes, w); }
  EVERFORM_INLINE BlockScales scales() const { return load_scales<Kind>(scales_, supers_, lane_); }
  EVERFORM_INLINE void next() {
    --left_;
    codes_ += kBlockBytes;
    scales_ += kScaleBytes<Kind>;
    if (scales_ == supers_) {
      record_ += record_bytes_;
      begin_record();
    }
  }

 private:
  EVERFORM_INLINE void begin_record() {
    const std::size_t count = std::min(record_blocks_of(Kind), left_);
    codes_ = record_ + 4 * lane_;
    scales_ = record_ + count * kBlockBytes;
    supers_ = scales_ + count * kScaleBytes<Kind>;
  }

  static constexpr std::size_t kBlockBytes = Codes::kCodeBytes + Codes::kHighBytes;
  const std::byte* record_;
  std::size_t record_bytes_;
  std::size_t left_;
  std::size_t lane_;
  const std::byte* codes_ = nullptr;
  const std::byte* scales_ = nullptr;
  const std::byte* supers_ = nullptr;
};

// The dot product with unsigned codes less the offset of the codes times the sum of the quants. The product
// is added as it lies in memory, which costs no register: the sums need them all.
template <int Rows, typename Codes, int Offset>
EVERFORM_INLINE V::Ints less_offset(V::Ints dot, const std::byte* block, int row) {
  const std::byte* eights = block + ActivationRows::minus_8_sums_at(Rows) + 4 * row;
  if constexpr (Offset == 0 || (Codes::kSignedDot && !V::kDotsUnsignedBytes)) {
    return dot;
  } else if constexpr (Offset == 8) {
    return V::add_ints(dot, V::broadcast_int(eights));
  } else if constexpr (Offset == 16) {
    return V::add_ints(V::add_ints(dot, V::broadcast_int(eights)), V::broadcast_int(eights));
  } else {
    static_assert(Offset == 128);
    return V::add_ints(dot, V::broadcast_int(block + ActivationRows::minus_128_sums_at(Rows) + 4 * row));
  }
}

template <typename Codes>
EVERFORM_INLINE V::Ints add_dots(V::Ints sum, V::Ints codes, const std::byte* quants) {
  if constexpr (Codes::kSignedDot) {
    return V::add_dots_of_bytes(sum, codes, V::broadcast_int(quants));
  } else {
    return V::add_dots(sum, codes, V::broadcast_int(quants));
  }
}

template <typename Codes, ScaleKind Kind, int Offset>
struct QuantizedTiles {
  // The sum with one block of one row added; `block` is that of an activation tile of `Rows` rows.
  template <int Rows>
  EVERFORM_INLINE static V::Floats add(V::Floats sum, const V::Ints* w, const BlockScales& scales,
                                       const std::byte* block, int row) {
    const std::byte* quants = block + row * kActivationBlock;
    const V::Floats scale = V::broadcast_float(block + ActivationRows::scales_at(Rows) + 4 * row);
    if constexpr (Kind == ScaleKind::kSuperHalf) {
      static_assert(Offset == 32);
      const std::byte* halves = block + ActivationRows::minus_32_halves_at(Rows) + 8 * row;
      V::Ints first = V::zero_ints();
      V::Ints second = V::zero_ints();
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g) {
        first = add_dots<Codes>(first, w[g], quants + 4 * g);
        second = add_dots<Codes>(second, w[g + 4], quants + 16 + 4 * g);
      }
      first = V::add_ints(first, V::broadcast_int(halves));
      second = V::add_ints(second, V::broadcast_int(halves + 4));
      // Below 2^24 in magnitude (2 * 128 * 16 * 32 * 127), so exact in a float.
      const V::Ints dot =
          V::add_ints(V::mul_ints(first, scales.halves[0]), V::mul_ints(second, scales.halves[1]));
      return V::fmadd(V::mul(V::to_floats(dot), scale), scales.scale, sum);
    } else {
      V::Ints dot = V::zero_ints();
#pragma GCC unroll 8
      for (int g = 0; g < 8; ++g) {
        dot = add_dots<Codes>(dot, w[g], quants + 4 * g);
      }
      dot = less_offset<Rows, Codes, Offset>(dot, block, row);
      // The dot product comes first, or a compiler multiplies the scales of all rows before and spills the
      // sums.
      sum = V::fmadd(V::mul(V::to_floats(dot), scale), scales.scale, sum);
      const std::byte* scaled_sum = block + ActivationRows::scaled_sums_at(Rows) + 4 * row;
      if constexpr (Kind == ScaleKind::kHalfPair) {
        sum = V::fmadd(scales.minimum, V::broadcast_float(scaled_sum), sum);
      } else if constexpr (Kind == ScaleKind::kSuperPair) {
        sum = V::fnmadd(scales.minimum, V::broadcast_float(scaled_sum), sum);
      }
      return sum;
    }
  }

  template <int Rows>
  EVERFORM_TARGET static void int8_tile(const PanelLayout& layout, const std::byte* panel, const std::byte* x,
                                        const TileOutput& out) {
    for (std::size_t lane = 0; lane < kPanelOutputs; lane += V::kLanes) {
      const std::byte* rows = x;
      V::Floats sums[Rows];
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        sums[r] = V::zero_floats();
      }
      for (BlockCursor<Codes, Kind> block(layout, panel, lane); !block.at_end(); block.next()) {
        V::Ints w[8];
        block.unpack(w);
        const BlockScales scales = block.scales();
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          sums[r] = add<Rows>(sums[r], w, scales, rows, r);
          // Row by row, or the last step of all rows is put off until no register is left.
          V::settle(sums[r]);
        }
        rows += Rows * ActivationRows::kInt8BlockBytes;
      }
      V::template store<Rows>(sums, out, lane);
    }
  }

  // The float32 values of input 4 g + j of every output.
  EVERFORM_INLINE static V::Floats value(V::Ints codes, int j, const BlockScales& scales, int half) {
    const V::Ints code = V::byte_of(codes, j);
    const V::Floats centred = V::to_floats(V::sub_ints(code, V::all_ints(Offset)));
    if constexpr (Kind == ScaleKind::kHalfPair) {
      return V::fmadd(centred, scales.scale, scales.minimum);
    } else if constexpr (Kind == ScaleKind::kSuperPair) {
      return V::fmsub(centred, scales.scale, scales.minimum);
    } else if constexpr (Kind == ScaleKind::kSuperHalf) {
      return V::mul(centred, V::mul(scales.scale, V::to_floats(scales.halves[half])));
    } else {
      return V::mul(centred, scales.scale);
    }
  }

  // Two chains for each output, of the even and the odd inputs.
  template <int Rows>
  EVERFORM_TARGET static void float_tile(const PanelLayout& layout, const std::byte* panel,
                                         const std::byte* x, const TileOutput& out) {
    for (std::size_t lane = 0; lane < kPanelOutputs; lane += V::kLanes) {
      const std::byte* rows = x;
      V::Floats sums[Rows][2];
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        sums[r][0] = sums[r][1] = V::zero_floats();
      }
      for (BlockCursor<Codes, Kind> block(layout, panel, lane); !block.at_end(); block.next()) {
        V::Ints w[8];
        block.unpack(w);
        const BlockScales scales = block.scales();
        for (int g = 0; g < 8; ++g) {
#pragma GCC unroll 4
          for (int j = 0; j < 4; ++j) {
            const V::Floats weight = value(w[g], j, scales, g / 4);
#pragma GCC unroll 16
            for (int r = 0; r < Rows; ++r) {
              const V::Floats a =
                  V::broadcast_float(rows + (r * kActivationBlock + 4 * g + j) * sizeof(float));
              sums[r][j % 2] = V::fmadd(a, weight, sums[r][j % 2]);
            }
          }
        }
        rows += out.row_step * kActivationBlock * sizeof(float);
      }
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        sums[r][0] = V::add(sums[r][0], sums[r][1]);
      }
      V::Floats totals[Rows];
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        totals[r] = sums[r][0];
      }
      V::template store<Rows>(totals, out, lane);
    }
  }

  static void multiply(const PanelJob& job) {
    if (job.x->precision() == ActivationPrecision::kInt8) {
      static const TileKernels kernels = {
          .one_panel = {int8_tile<1>, int8_tile<2>, int8_tile<4>, int8_tile<8>, int8_tile<16>}};
      walk_panels(job, kernels);
    } else {
      static const TileKernels kernels = {
          .one_panel = {float_tile<1>, float_tile<2>, float_tile<4>, float_tile<8>}, .max_rows = 8};
      walk_panels(job, kernels);
    }
  }
};

inline void multiply_quantized(const PanelJob& job) {
  switch (job.layout->type) {
    case ElementType::kQ4_0:
      return QuantizedTiles<Nibbles, ScaleKind::kHalf, 8>::multiply(job);
    case ElementType::kQ4_1:
      return QuantizedTiles<Nibbles, ScaleKind::kHalfPair, 0>::multiply(job);
    case ElementType::kQ5_0:
      return QuantizedTiles<FiveBits, ScaleKind::kHalf, 16>::multiply(job);
    case ElementType::kQ5_1:
      return QuantizedTiles<FiveBits, ScaleKind::kHalfPair, 0>::multiply(job);
    case ElementType::kQ4_K:
      return QuantizedTiles<Nibbles, ScaleKind::kSuperPair, 0>::multiply(job);
    case ElementType::kQ5_K:
      return QuantizedTiles<FiveBits, ScaleKind::kSuperPair, 0>::multiply(job);
    case ElementType::kQ6_K:
      return QuantizedTiles<SixBits, ScaleKind::kSuperHalf, 32>::multiply(job);
    default:
      return QuantizedTiles<Bytes, ScaleKind::kHalf, 128>::multiply(job);
  }
}
