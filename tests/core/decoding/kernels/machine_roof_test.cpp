#include "everform/core/decoding/kernels/machine_roof.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(MachineRoof, FiguresAreThoseOfAMachine) {
  ThreadTeam team(1);
  // From a slow emulator to beyond any socket.
  const double bandwidth = measure_read_bandwidth(team, std::size_t{64} << 20U);
  EXPECT_GT(bandwidth, 1e7);
  EXPECT_LT(bandwidth, 2e12);
  const MultiplyPeaks peaks = measure_multiply_peaks(team);
  for (const double peak : {peaks.float32, peaks.bfloat16, peaks.int8}) {
    EXPECT_TRUE(peak == 0 || (peak > 1e7 && peak < 1e13)) << peak;
  }
  // Narrower operands are never slower.
  EXPECT_GE(peaks.int8, peaks.float32 * 0.5);
}

}  // namespace
}  // namespace everform
