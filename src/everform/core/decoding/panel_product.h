// The one inner loop of the plain path: products of rows with panels of 16 outputs.
#pragma once

#include <cstddef>
#include <span>

namespace everform {

/// Outputs in one panel: the lanes of one 512-bit vector of floats.
inline constexpr std::size_t kPanelLanes = 16;

/// out[r, o] = sum_k x[r, k] * w[k, o], where w[k, 16 p + lane] lies at panels[p * panel_stride + k *
/// input_stride + lane].
///
/// Every output is one chain of multiply-adds over k in rising order, cut into partial sums of 256 inputs
/// that are added in rising order. So its bits depend on its own row and column alone, not on how many others
/// are computed beside it or in which thread.
struct PanelProduct {
  const float* x = nullptr;  ///< [rows, inputs], `x_stride` floats from row to row
  std::size_t x_stride = 0;
  std::size_t rows = 0;
  const float* panels = nullptr;  ///< 16 floats are read for the last panel too, whatever `outputs` is
  std::size_t panel_stride = 0;
  std::size_t input_stride = 0;
  std::size_t inputs = 0;
  float* out = nullptr;  ///< [rows, outputs], `out_stride` floats from row to row; overwritten
  std::size_t out_stride = 0;
  std::size_t outputs = 0;
};

/// Runs the product with the best instruction set of this machine.
void multiply_panels(const PanelProduct& job);

struct PanelKernel {
  const char* name;  ///< "avx512", "avx2", "baseline"
  void (*run)(const PanelProduct& job);
};

/// The kernels that this machine can run, best first. Those with fused multiply-add agree bit for bit.
std::span<const PanelKernel> supported_panel_kernels();

}  // namespace everform
