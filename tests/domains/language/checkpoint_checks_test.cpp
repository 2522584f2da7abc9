#include "everform/domains/language/checkpoint_checks.h"

#include <gtest/gtest.h>

#include "everform/core/base/log.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

std::string names(const CheckCount& count) {
  std::string text;
  for (const std::string& name : count.failed) {
    text += name + "\n";
  }
  return text;
}

TEST(CheckpointChecks, AllPassHere) {
  const CheckCount blocks = check_known_blocks();
  EXPECT_EQ(blocks.passed, blocks.run) << names(blocks);
  EXPECT_EQ(blocks.run, 14U);

  const test::TemporaryFolder folder;
  set_quiet(true);
  const CheckCount trip = check_exact_round_trip(folder.path(), 0);
  set_quiet(false);
  EXPECT_EQ(trip.passed, trip.run) << names(trip);
  EXPECT_GT(trip.run, 20U);
  const CheckCount hostile = check_hostile_files(folder.path());
  EXPECT_EQ(hostile.passed, hostile.run) << names(hostile);
  EXPECT_GT(hostile.run, 200U);
}

TEST(CheckpointChecks, Q8ErrorIsWithinHalfAStep) {
  const double error = q8_0_error_in_half_steps(0, 500);
  EXPECT_GT(error, 0.9);
  EXPECT_LE(error, 1.0);
}

}  // namespace
}  // namespace everform
