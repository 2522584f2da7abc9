#include "everform/domains/functions/task_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "everform/core/base/error.h"
#include "everform/domains/functions/law_checks.h"
#include "everform/domains/functions/teaching_sequence.h"

namespace everform::functions {
namespace {

LabelledSequence draw(const std::string& name, const SequenceShape& shape, std::uint64_t item,
                      std::uint64_t seed = 0) {
  RandomStream random(seed, "test", 0, item);
  return make_task_law(name, shape)->draw(random);
}

int sum_of(Point x, const std::vector<int>& weights) {
  int sum = 0;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    sum += weights[j] * (((x >> j) & 1U) != 0 ? 1 : -1);
  }
  return sum;
}

/// All vectors of `n` entries from `values`.
std::vector<std::vector<int>> all_vectors(int n, const std::vector<int>& values) {
  std::vector<std::vector<int>> vectors = {{}};
  for (int j = 0; j < n; ++j) {
    std::vector<std::vector<int>> longer;
    for (const auto& vector : vectors) {
      for (const int value : values) {
        longer.push_back(vector);
        longer.back().push_back(value);
      }
    }
    vectors = std::move(longer);
  }
  return vectors;
}

int norm(const std::vector<int>& w) {
  int sum = 0;
  for (const int value : w) {
    sum += std::abs(value);
  }
  return sum;
}

/// The class of a law as labels over all 2^n points, from the formulas with signs and dot products rather
/// than bit masks.
std::set<std::vector<int>> truth_tables(const std::string& law, int n) {
  const auto table = [n](const auto& holds) {
    std::vector<int> labels;
    for (Point x = 0; x < Point{1} << n; ++x) {
      labels.push_back(holds(x) ? 1 : -1);
    }
    return labels;
  };
  std::set<std::vector<int>> tables;
  const bool signed_weights = law == "conjunction" || law == "disjunction" || law == "sparse-threshold";
  for (const auto& w : all_vectors(n, signed_weights ? std::vector<int>{0, 1, -1} : std::vector<int>{0, 1})) {
    if (law == "conjunction" || law == "mono-conjunction") {
      tables.insert(table([&](Point x) { return sum_of(x, w) - (norm(w) - 1) > 0; }));
    } else if (law == "disjunction") {
      tables.insert(table([&](Point x) { return sum_of(x, w) + norm(w) - 1 > 0; }));
    } else if (law == "sparse-disjunction") {
      if (norm(w) == 4) {
        tables.insert(table([&](Point x) { return sum_of(x, w) + norm(w) - 1 > 0; }));
      }
    } else if (law == "majority") {
      tables.insert(table([&](Point x) { return sum_of(x, w) > 0.5; }));
    } else if (law == "sparse-threshold") {
      for (int t = -3; t <= 2; ++t) {
        tables.insert(table([&](Point x) { return sum_of(x, w) > t + 0.5; }));
      }
    } else {
      const auto odd = [&](Point x) {
        int ones = 0;
        for (int j = 0; j < n; ++j) {
          ones += w[static_cast<std::size_t>(j)] * static_cast<int>((x >> j) & 1U);
        }
        return ones % 2 == 1;
      };
      if (law == "parity" || norm(w) == 2) {
        tables.insert(table(odd));
      }
    }
  }
  return tables;
}

TEST(TaskLaw, EveryTeachingSequenceLeavesOneFunction) {
  const CheckCount monotone = check_monotone_teaching(5);
  EXPECT_EQ(monotone.run, 32U);
  EXPECT_EQ(monotone.passed, monotone.run);
  const CheckCount any = check_signed_teaching(5);
  EXPECT_EQ(any.run, 243U);
  EXPECT_EQ(any.passed, any.run);
}

TEST(TaskLaw, NoForcedPointHasTheWrongLabel) {
  const CheckCount forced = check_forced_points(5);
  EXPECT_EQ(forced.run, 243U * 32U * 4U);
  EXPECT_EQ(forced.passed, forced.run);
}

TEST(TaskLaw, SharesOfPositivesAreAsStated) {
  for (const int n : {5, 10}) {
    const auto checks = check_positive_shares(n, 20000, 0);
    EXPECT_EQ(checks.size(), 12U);
    for (const ShareCheck& check : checks) {
      EXPECT_LT(check.sigmas, 3.0) << check.law << " " << check.stated << " " << check.drawn;
    }
  }
  EXPECT_NEAR(stated_positive_share("conjunction", 10), 0.4378, 1e-4);
  EXPECT_NEAR(stated_positive_share("majority", 1), 0.15, 1e-12);
}

TEST(TaskLaw, LabelsAreThoseOfAFunctionOfTheClass) {
  constexpr int kDimensions = 5;
  for (const std::string law : {"conjunction", "disjunction", "mono-conjunction", "sparse-disjunction",
                                "majority", "sparse-threshold", "parity", "sparse-parity"}) {
    const auto tables = truth_tables(law, kDimensions);
    std::set<std::vector<int>> met;
    for (std::uint64_t item = 0; item < 300; ++item) {
      const LabelledSequence sequence = draw(law, {.dimensions = kDimensions, .points = 120}, item);
      std::size_t agreeing = 0;
      for (const auto& table : tables) {
        bool agrees = true;
        for (std::size_t i = 0; i < sequence.points.size(); ++i) {
          agrees = agrees && table[sequence.points[i]] == sequence.labels[i];
        }
        if (agrees) {
          ++agreeing;
          met.insert(table);
        }
      }
      ASSERT_GE(agreeing, 1U) << law << " item " << item;
    }
    EXPECT_GT(met.size(), std::min<std::size_t>(tables.size(), 30) / 2)
        << law << " draws different functions";
  }
}

TEST(TaskLaw, ForcingRaisesTheShareOfPoints) {
  // With many literals unforced positives are rare, so the positives are the forced ones.
  std::size_t positives = 0;
  std::size_t points = 0;
  for (std::uint64_t item = 0; item < 200; ++item) {
    const LabelledSequence sequence = draw("conjunction", {.dimensions = 64, .points = 100}, item);
    positives += static_cast<std::size_t>(std::count(sequence.labels.begin(), sequence.labels.end(), 1));
    points += sequence.points.size();
  }
  EXPECT_NEAR(static_cast<double>(positives) / static_cast<double>(points), 0.30, 0.02);
}

TEST(TaskLaw, TaughtSequencesBeginWithTheirLesson) {
  double total = 0;
  for (std::uint64_t item = 0; item < 2000; ++item) {
    const LabelledSequence sequence = draw("teach-conjunction", {}, item);
    const Point literals = sequence.points[0];
    const auto lesson = teach_monotone({.positive = literals});
    ASSERT_EQ(static_cast<std::size_t>(sequence.taught), lesson.size());
    for (std::size_t i = 0; i < sequence.points.size(); ++i) {
      if (i < lesson.size()) {
        ASSERT_EQ(sequence.points[i], lesson[i]);
        ASSERT_EQ(sequence.labels[i], i == 0 ? 1 : -1);
      }
      ASSERT_EQ(sequence.labels[i], (sequence.points[i] & literals) == literals ? 1 : -1);
    }
    total += sequence.taught;
  }
  EXPECT_NEAR(total / 2000, 4.0, 0.15) << "a mean of 0.3 n + 1 points";
}

TEST(TaskLaw, SignedLessonsAndDnfLessonsAreLabelledRight) {
  for (std::uint64_t item = 0; item < 500; ++item) {
    const LabelledSequence sequence = draw("teach-signed", {}, item);
    ASSERT_EQ(sequence.labels[0], 1);
    ASSERT_EQ(sequence.labels[1], 1);
    for (int i = 2; i < sequence.taught; ++i) {
      ASSERT_EQ(sequence.labels[static_cast<std::size_t>(i)], -1);
    }
    const LabelledSequence dnf = draw("teach-dnf", {}, item);
    ASSERT_EQ(dnf.labels[0], 1) << "the first clause's own point";
    ASSERT_GE(dnf.taught, 3);
    ASSERT_LE(dnf.taught, 30);
  }
}

TEST(TaskLaw, MixtureIsHalfAndHalf) {
  int taught = 0;
  for (std::uint64_t item = 0; item < 2000; ++item) {
    taught += draw("mixed-conjunction", {}, item).taught > 0 ? 1 : 0;
  }
  EXPECT_NEAR(taught, 1000, 3 * std::sqrt(500.0));
}

TEST(TaskLaw, TooLongLessonsAreDrawnAgain) {
  for (std::uint64_t item = 0; item < 300; ++item) {
    ASSERT_LE(draw("teach-conjunction", {.dimensions = 10, .points = 3}, item).taught, 3);
  }
  EXPECT_THROW(draw("teach-conjunction", {.dimensions = 64, .points = 1}, 0), Error);
}

TEST(TaskLaw, NearestNeighbourCopiesLabels) {
  int copies_of_equal_points = 0;
  for (std::uint64_t item = 0; item < 200; ++item) {
    const LabelledSequence sequence =
        draw("nearest-neighbour", {.dimensions = 6, .points = 40, .drawn_labels = 12}, item);
    EXPECT_EQ(sequence.scored_from, 12);
    for (std::size_t i = 1; i < sequence.points.size(); ++i) {
      // Cosine similarity of +-1 vectors, from its definition.
      std::size_t best = 0;
      int best_dot = -100;
      for (std::size_t k = 0; k < i; ++k) {
        int dot = 0;
        for (int j = 0; j < 6; ++j) {
          dot += (((sequence.points[i] ^ sequence.points[k]) >> j) & 1U) != 0 ? -1 : 1;
        }
        if (dot > best_dot) {
          best_dot = dot;
          best = k;
        }
      }
      if (i >= 12 || best_dot == 6) {
        ASSERT_EQ(sequence.labels[i], sequence.labels[best]);
        copies_of_equal_points += best_dot == 6 && i < 12 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(copies_of_equal_points, 10);
}

TEST(TaskLaw, PointsStayInsideTheirDimensions) {
  for (const std::string& name : task_names()) {
    for (const int n : {4, 64}) {
      const LabelledSequence sequence = draw(name, {.dimensions = n, .points = 90}, 3);
      ASSERT_EQ(sequence.points.size(), 90U);
      ASSERT_EQ(sequence.labels.size(), 90U);
      for (const Point x : sequence.points) {
        ASSERT_EQ(x & ~full_point(n), 0U) << name;
      }
    }
  }
}

TEST(TaskLaw, ADrawIsAFunctionOfItsStream) {
  for (const std::string& name : task_names()) {
    EXPECT_EQ(draw(name, {}, 7), draw(name, {}, 7));
    EXPECT_NE(draw(name, {}, 7), draw(name, {}, 8));
    EXPECT_NE(draw(name, {}, 7, 0), draw(name, {}, 7, 1));
  }
}

TEST(TaskLaw, RefusesWhatItCannotDraw) {
  EXPECT_THROW(make_task_law("conjunktion", {}), Error);
  EXPECT_THROW(make_task_law("conjunction", {.dimensions = 0}), Error);
  EXPECT_THROW(make_task_law("conjunction", {.dimensions = 65}), Error);
  EXPECT_THROW(make_task_law("conjunction", {.points = 0}), Error);
  EXPECT_THROW(make_task_law("sparse-disjunction", {.dimensions = 3}), Error);
  EXPECT_THROW(make_task_law("sparse-parity", {.dimensions = 1}), Error);
  EXPECT_THROW(make_task_law("nearest-neighbour", {.points = 10, .drawn_labels = 10}), Error);
  EXPECT_THROW(make_task_law("teach-dnf", {.points = 2}), Error);
  try {
    make_task_law("conjunktion", {});
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("conjunction"), std::string::npos);
  }
}

}  // namespace
}  // namespace everform::functions
