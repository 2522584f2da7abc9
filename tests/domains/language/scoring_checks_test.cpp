#include "everform/domains/language/scoring_checks.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(ScoringChecks, PassHere) {
  const KnownPerplexity known = measure_known_perplexity();
  EXPECT_NEAR(known.measured, known.exact, 1e-5);
  EXPECT_GT(known.exact, 2.0);
  const CheckCount count = check_normalisations();
  EXPECT_EQ(count.run, 4U);
  EXPECT_EQ(count.passed, 4U);
}

}  // namespace
}  // namespace everform
