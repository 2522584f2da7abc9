// Tiles of products with panels of F32, F16 and BF16 values, written once for every x86 instruction set; see
// quantized_tiles.h for how it is included.

// Each reads inputs two by two, since BF16 panels hold them so.

struct Float32Values {
  EVERFORM_INLINE static void load(const std::byte* panel, std::size_t pair, std::size_t lane, V::Floats* w) {
    w[0] = V::load_floats(panel + (2 * pair * kPanelOutputs + lane) * 4);
    w[1] = V::load_floats(panel + ((2 * pair + 1) * kPanelOutputs + lane) * 4);
  }
};

struct Float16Values {
  EVERFORM_INLINE static void load(const std::byte* panel, std::size_t pair, std::size_t lane, V::Floats* w) {
    w[0] = V::load_halves(panel + (2 * pair * kPanelOutputs + lane) * 2);
    w[1] = V::load_halves(panel + ((2 * pair + 1) * kPanelOutputs + lane) * 2);
  }
};

struct BFloat16Values {
  EVERFORM_INLINE static void load(const std::byte* panel, std::size_t pair, std::size_t lane, V::Floats* w) {
    const V::Ints both = V::load(panel + (pair * kPanelOutputs + lane) * 4);
    w[0] = V::low_bfloat16(both);
    w[1] = V::high_bfloat16(both);
  }
};

// The activations of two neighbouring inputs.

struct Float32Rows {
  static constexpr std::size_t kBytes = 4;
  EVERFORM_INLINE static void load(const std::byte* at, V::Floats* a) {
    a[0] = V::broadcast_float(at);
    a[1] = V::broadcast_float(at + 4);
  }
};

struct BFloat16Rows {
  static constexpr std::size_t kBytes = 2;
  EVERFORM_INLINE static void load(const std::byte* at, V::Floats* a) {
    const V::Ints both = V::broadcast_int(at);
    a[0] = V::low_bfloat16(both);
    a[1] = V::high_bfloat16(both);
  }
};

template <typename Values, typename RowForm>
struct PlainTiles {
  // Two chains for each output, of the even and the odd inputs.
  template <int Rows, int Vectors>
  EVERFORM_INLINE static void tile(const PanelLayout& layout, const std::byte* const* panels,
                                   std::size_t lane, const std::byte* x, std::size_t row_step,
                                   V::Floats (&sums)[Vectors][Rows]) {
    V::Floats chains[2][Vectors][Rows];
#pragma GCC unroll 32
    for (int i = 0; i < 2 * Vectors * Rows; ++i) {
      chains[i / (Vectors * Rows)][i / Rows % Vectors][i % Rows] = V::zero_floats();
    }
    for (std::size_t pair = 0; 2 * pair < layout.inputs; ++pair) {
      const std::size_t block = 2 * pair / kActivationBlock;
      const std::byte* at =
          x + (block * row_step * kActivationBlock + 2 * pair % kActivationBlock) * RowForm::kBytes;
      V::Floats w[Vectors][2];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        Values::load(panels[v], pair, lane, w[v]);
      }
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        V::Floats a[2];
        RowForm::load(at + r * kActivationBlock * RowForm::kBytes, a);
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
          chains[0][v][r] = V::fmadd(a[0], w[v][0], chains[0][v][r]);
          chains[1][v][r] = V::fmadd(a[1], w[v][1], chains[1][v][r]);
        }
      }
    }
#pragma GCC unroll 32
    for (int i = 0; i < Vectors * Rows; ++i) {
      sums[i / Rows][i % Rows] = V::add(chains[0][i / Rows][i % Rows], chains[1][i / Rows][i % Rows]);
    }
  }

  template <int Rows, int Panels>
  EVERFORM_TARGET static void tiles(const PanelLayout& layout, const std::byte* panel, const std::byte* x,
                                    const TileOutput& out) {
    const std::byte* panels[Panels];
    for (int p = 0; p < Panels; ++p) {
      panels[p] = panel + p * layout.panel_bytes;
    }
    for (std::size_t part = 0; part < V::kParts; ++part) {
      V::Floats sums[Panels][Rows];
      tile<Rows, Panels>(layout, panels, part * V::kLanes, x, out.row_step, sums);
#pragma GCC unroll 4
      for (int p = 0; p < Panels; ++p) {
        V::template store<Rows>(sums[p], out, p * kPanelOutputs + part * V::kLanes);
      }
    }
  }

  static void multiply(const PanelJob& job) {
    static const TileKernels kernels = {.one_panel = {tiles<1, 1>, tiles<2, 1>, tiles<4, 1>, tiles<8, 1>},
                                        .max_rows = V::kPlainRows};
    walk_panels(job, kernels);
  }
};

template <typename RowForm>
void multiply_values(const PanelJob& job) {
  switch (job.layout->type) {
    case ElementType::kF16:
      return PlainTiles<Float16Values, RowForm>::multiply(job);
    case ElementType::kBF16:
      return PlainTiles<BFloat16Values, RowForm>::multiply(job);
    default:
      return PlainTiles<Float32Values, RowForm>::multiply(job);
  }
}

inline void multiply_plain(const PanelJob& job) {
  if (job.x->precision() == ActivationPrecision::kBFloat16) {
    multiply_values<BFloat16Rows>(job);
  } else {
    multiply_values<Float32Rows>(job);
  }
}
