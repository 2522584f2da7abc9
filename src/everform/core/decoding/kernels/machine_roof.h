// What this machine can do at best: the measures beside which a benchmark states its own figures.
#pragma once

#include <cstddef>

#include "everform/core/decoding/kernels/thread_team.h"

namespace everform {

/// Bytes a second that the team reads from memory: the best of ten layouts, each read once (1, 2, 3, 5 and 8
/// streams for each thread, spaced by no power of two, on huge pages and on ordinary ones). Takes about a
/// second.
/// @param bytes memory to read and to take meanwhile, many times the size of the caches
double measure_read_bandwidth(ThreadTeam& team, std::size_t bytes = std::size_t{1} << 30U);

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
