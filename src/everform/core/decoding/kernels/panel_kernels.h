// The multiplications of packed panels, one set for each instruction set.
#pragma once

#include <cstddef>
#include <span>

#include "everform/core/decoding/kernels/activation_rows.h"
#include "everform/core/decoding/kernels/panel_layout.h"

namespace everform {

struct PanelJob {
  const PanelLayout* layout = nullptr;
  const std::byte* panels = nullptr;  ///< of panel 0
  std::size_t first = 0;
  std::size_t last = 0;
  const ActivationRows* x = nullptr;
  float* y = nullptr;  ///< [rows, outputs], `stride` floats from row to row
  std::size_t stride = 0;
};

struct PanelKernels {
  const char* name;  ///< "avx512", "avx2", "scalar"
  /// Any type with kFloat32 rows, a quantized one with kInt8, BF16 with kBFloat16.
  void (*multiply)(const PanelJob& job);
};

/// Those that this machine can run, best first. The bits of an output depend on the set, but within a set on
/// its own rows alone.
std::span<const PanelKernels> supported_panel_sets();

void multiply_panels_scalar(const PanelJob& job);
#if defined(__x86_64__)
void multiply_panels_avx2(const PanelJob& job);
void multiply_panels_avx512(const PanelJob& job);
#endif

}  // namespace everform
