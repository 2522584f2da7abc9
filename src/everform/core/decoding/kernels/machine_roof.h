// What this machine can do at best: the measures beside which a benchmark states its own figures.
#pragma once

#include <cstddef>

#include "everform/core/decoding/kernels/thread_team.h"

namespace everform {

/// Bytes a second that the team reads from memory: the best of ten layouts, each 1 GiB read once (1, 2, 3, 5
/// and 8 streams for each thread, spaced by no power of two, on huge pages and on ordinary ones). Takes about
/// 1 GiB of memory while it runs, and about a second.
double measure_read_bandwidth(ThreadTeam& team);

/// Multiply-adds a second of all threads of the team together with operands in registers, or 0 where the
/// machine has no such instruction that the kernels use.
struct MultiplyPeaks {
  double float32 = 0;
  double bfloat16 = 0;
  double int8 = 0;
};
/// Takes about 0.1 s.
MultiplyPeaks measure_multiply_peaks(ThreadTeam& team);

}  // namespace everform
