#include "everform/core/decoding/panel_product.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace everform {
namespace {

// GCC's and Clang's portable vectors: one register of the instruction set that a function is compiled for.
using Lanes16 = float __attribute__((vector_size(64)));
using Lanes8 = float __attribute__((vector_size(32)));
using Lanes4 = float __attribute__((vector_size(16)));

// Inputs whose products are summed in registers before the sum goes to memory; also what keeps a panel's part
// in the cache.
constexpr std::size_t kInputBlock = 256;

// Sums of Rows x Panels in registers, over inputs [begin, end).
template <typename Lanes, std::size_t Rows, std::size_t Panels>
[[gnu::always_inline]] inline void add_tile(const PanelProduct& job, std::size_t row, std::size_t panel,
                                            std::size_t begin, std::size_t end) {
  constexpr std::size_t kLanes = sizeof(Lanes) / sizeof(float);
  constexpr std::size_t kParts = kPanelLanes / kLanes;
  const float* w = job.panels + panel * job.panel_stride;
  const float* x = job.x + row * job.x_stride;
  Lanes sums[Rows][Panels * kParts] = {};
  for (std::size_t k = begin; k < end; ++k) {
    Lanes column[Panels * kParts];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Panels * kParts; ++v) {
      const std::size_t offset = v / kParts * job.panel_stride + v % kParts * kLanes;
      std::memcpy(&column[v], w + k * job.input_stride + offset, sizeof(Lanes));
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 16
      for (std::size_t v = 0; v < Panels * kParts; ++v) {
        sums[r][v] += x[r * job.x_stride + k] * column[v];
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < Rows; ++r) {
    float* out = job.out + (row + r) * job.out_stride;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Panels * kParts; ++v) {
      const std::size_t first = panel * kPanelLanes + v * kLanes;
      const std::size_t bytes =
          first < job.outputs ? std::min(kLanes, job.outputs - first) * sizeof(float) : 0;
      Lanes sum = sums[r][v];
      if (begin > 0) {
        Lanes before = {};
        std::memcpy(&before, out + first, bytes);
        sum += before;
      }
      std::memcpy(out + first, &sum, bytes);
    }
  }
}

template <typename Lanes, std::size_t Rows, std::size_t Panels>
[[gnu::always_inline]] inline void add_rows(const PanelProduct& job, std::size_t row, std::size_t panel,
                                            std::size_t begin, std::size_t end) {
  for (; row + Rows <= job.rows; row += Rows) {
    add_tile<Lanes, Rows, Panels>(job, row, panel, begin, end);
  }
  if constexpr (Rows > 1) {
    if (row < job.rows) {
      add_rows<Lanes, Rows / 2, Panels>(job, row, panel, begin, end);
    }
  }
}

template <typename Lanes, std::size_t Rows, std::size_t Panels>
[[gnu::always_inline]] inline void multiply(const PanelProduct& job) {
  const std::size_t panels = (job.outputs + kPanelLanes - 1) / kPanelLanes;
  for (std::size_t begin = 0; begin == 0 || begin < job.inputs; begin += kInputBlock) {
    const std::size_t end = std::min(begin + kInputBlock, job.inputs);
    std::size_t panel = 0;
    for (; panel + Panels <= panels; panel += Panels) {
      add_rows<Lanes, Rows, Panels>(job, 0, panel, begin, end);
    }
    for (; panel < panels; ++panel) {
      add_rows<Lanes, Rows, 1>(job, 0, panel, begin, end);
    }
  }
}

// One row takes more panels at once, so that enough independent sums hide the latency of a multiply-add.
template <typename Lanes, std::size_t Rows, std::size_t Panels, std::size_t PanelsOfOneRow>
[[gnu::always_inline]] inline void multiply_by_shape(const PanelProduct& job) {
  if (job.rows == 1) {
    multiply<Lanes, 1, PanelsOfOneRow>(job);
  } else {
    multiply<Lanes, Rows, Panels>(job);
  }
}

// The tile sizes fill 32 registers of 512 bits, 16 of 256 and 16 of 128.
#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma"))) void multiply_avx512(
    const PanelProduct& job) {
  multiply_by_shape<Lanes16, 8, 3, 4>(job);
}

__attribute__((target("avx2,fma"))) void multiply_avx2(const PanelProduct& job) {
  multiply_by_shape<Lanes8, 4, 1, 4>(job);
}
#endif

void multiply_baseline(const PanelProduct& job) {
  multiply_by_shape<Lanes4, 2, 1, 2>(job);
}

std::vector<PanelKernel> find_kernels() {
  std::vector<PanelKernel> kernels;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    kernels.push_back({"avx512", multiply_avx512});
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels.push_back({"avx2", multiply_avx2});
  }
#endif
  kernels.push_back({"baseline", multiply_baseline});
  return kernels;
}

}  // namespace

std::span<const PanelKernel> supported_panel_kernels() {
  static const std::vector<PanelKernel> kernels = find_kernels();
  return kernels;
}

void multiply_panels(const PanelProduct& job) {
  supported_panel_kernels().front().run(job);
}

}  // namespace everform
