// Learning rates over the steps of a training.
#pragma once

#include <cstdint>

namespace everform {

enum class ScheduleKind { kConstant, kLinear, kCosine };

/// Linear warm-up from `peak / warmup` at step 0 to `peak`, then constant, then a decay over the last
/// `decay_share` of the steps to `final_share * peak`:
///   linear: peak * (1 - (1 - final_share) * p)
///   cosine: peak * (final_share + (1 - final_share) * (1 + cos(pi p)) / 2)
/// with p = 0 at the decay's first step and 1 at step `steps`. The decay never begins before the warm-up
/// ends.
struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double peak = 1e-3;
  std::int64_t steps = 1;
  std::int64_t warmup = 0;
  double decay_share = 1.0;
  double final_share = 0.0;

  /// The rate of the update of `step` (from 0).
  double rate(std::int64_t step) const;
};

}  // namespace everform
