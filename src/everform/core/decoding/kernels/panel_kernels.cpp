#include "everform/core/decoding/kernels/panel_kernels.h"

#include <vector>

namespace everform {
namespace {

std::vector<PanelKernels> find_sets() {
  std::vector<PanelKernels> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni")) {
    sets.push_back({"avx512", multiply_panels_avx512});
  }
  if (avx2) {
    sets.push_back({"avx2", multiply_panels_avx2});
  }
#endif
  sets.push_back({"scalar", multiply_panels_scalar});
  return sets;
}

}  // namespace

std::span<const PanelKernels> supported_panel_sets() {
  static const std::vector<PanelKernels> sets = find_sets();
  return sets;
}

}  // namespace everform
