#include "everform/core/decoding/kernels/panel_kernels.h"

#include <vector>

namespace everform {
namespace {

std::vector<PanelKernels> find_sets() {
  std::vector<PanelKernels> sets;
  sets.push_back({"scalar", multiply_panels_scalar});
  return sets;
}

}  // namespace

std::span<const PanelKernels> supported_panel_sets() {
  static const std::vector<PanelKernels> sets = find_sets();
  return sets;
}

}  // namespace everform
