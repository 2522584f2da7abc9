#include "everform/workbench/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace everform {

double Schedule::rate(std::int64_t step) const {
  if (step < warmup) {
    return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  if (kind == ScheduleKind::kConstant) {
    return peak;
  }
  const auto length = static_cast<std::int64_t>(std::llround(decay_share * static_cast<double>(steps)));
  const std::int64_t begin = std::max(steps - length, std::min(warmup, steps));
  if (step < begin || begin >= steps) {
    return peak;
  }
  const double progress =
      std::min(1.0, static_cast<double>(step - begin) / static_cast<double>(steps - begin));
  const double remaining =
      kind == ScheduleKind::kLinear ? 1.0 - progress : (1.0 + std::cos(std::numbers::pi * progress)) / 2.0;
  return peak * (final_share + (1.0 - final_share) * remaining);
}

}  // namespace everform
