#include "everform/core/decoding/engine/attention_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/decoding/activations.h"
#include "everform/core/decoding/engine/row_kernels.h"
#include "everform/core/decoding/norms.h"
#include "everform/core/io/element_type.h"

namespace everform {
namespace {

std::vector<const AttentionKernels*> attention_sets() {
  const AttentionKernels* all[8];
  return {all, all + runnable_attention_kernels(all, 8)};
}

std::vector<const RowKernels*> row_sets() {
  const RowKernels* all[8];
  return {all, all + runnable_row_kernels(all, 8)};
}

std::vector<float> random_values(std::size_t count, std::uint64_t step, float spread = 1.0F) {
  RandomStream random(11, "values", step);
  std::vector<float> values(count);
  for (float& value : values) {
    value = spread * static_cast<float>(random.normal());
  }
  return values;
}

float rounded(float value) {
  return bfloat16_to_float(float_to_bfloat16(value));
}

/// Two blocks of keys and values, some queries, and what attention should give by the formula in double.
struct Case {
  static constexpr std::size_t kBlocks = 2;
  std::size_t queries;
  std::size_t width;
  std::vector<float> query, keys[kBlocks], values[kBlocks];  // [width, 64], [64, width]
  std::vector<std::uint8_t> first[kBlocks], last[kBlocks];
  std::vector<float> slopes, distances[kBlocks];

  Case(std::size_t query_count, std::size_t head_width) : queries(query_count), width(head_width) {
    query = random_values(queries * width, 1, 0.3F);
    slopes = random_values(queries, 2, 0.01F);
    for (std::size_t b = 0; b < kBlocks; ++b) {
      keys[b] = random_values(width * 64, 3 + b);
      values[b] = random_values(width * 64, 7 + b);
      for (std::size_t q = 0; q < queries; ++q) {
        first[b].push_back(static_cast<std::uint8_t>(b == 0 ? 3 * q : 0));
        last[b].push_back(static_cast<std::uint8_t>(b == 0 ? 64 : 31 + q));
        distances[b].push_back(static_cast<float>(b * 64) - static_cast<float>(64 + 30 + q));
      }
    }
    // What nobody sees must not matter, whatever it is.
    for (std::size_t d = 0; d < width; ++d) {
      keys[1][d * 64 + 60] = std::numeric_limits<float>::quiet_NaN();
      values[1][60 * width + d] = std::numeric_limits<float>::infinity();
    }
  }

  std::vector<double> wanted() const {
    std::vector<double> out(queries * width, 0.0);
    for (std::size_t q = 0; q < queries; ++q) {
      double sum = 0;
      for (std::size_t b = 0; b < kBlocks; ++b) {
        for (std::size_t j = first[b][q]; j < last[b][q]; ++j) {
          double score = static_cast<double>(slopes[q]) * (distances[b][q] + static_cast<double>(j));
          for (std::size_t d = 0; d < width; ++d) {
            score += static_cast<double>(query[q * width + d]) * keys[b][d * 64 + j];
          }
          const double weight = std::exp(score);
          sum += weight;
          for (std::size_t d = 0; d < width; ++d) {
            out[q * width + d] += weight * values[b][j * width + d];
          }
        }
      }
      for (std::size_t d = 0; d < width; ++d) {
        out[q * width + d] /= sum;
      }
    }
    return out;
  }

  /// Queries [from, from + count) through `attend`, all operands as it wants them.
  std::vector<float> run(void (*attend)(const BlockTask&), const void* query_rows, std::size_t row_bytes,
                         const void* const key_blocks[], const void* const value_blocks[], std::size_t from,
                         std::size_t count) const {
    std::vector<float> largest(count, -std::numeric_limits<float>::infinity());
    std::vector<float> sums(count, 0.0F);
    std::vector<float> out(count * width, 0.0F);
    for (std::size_t b = 0; b < kBlocks; ++b) {
      attend({.queries = count,
              .width = width,
              .query = static_cast<const std::byte*>(query_rows) + from * row_bytes,
              .keys = key_blocks[b],
              .values = value_blocks[b],
              .first = first[b].data() + from,
              .last = last[b].data() + from,
              .slopes = slopes.data() + from,
              .distances = distances[b].data() + from,
              .largest = largest.data(),
              .sums = sums.data(),
              .out = out.data()});
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] /= sums[i / width];
    }
    return out;
  }
};

double worst(const std::vector<double>& wanted, const std::vector<float>& found) {
  double gap = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    gap = std::abs(wanted[i] - found[i]) <= gap ? gap : std::abs(wanted[i] - found[i]);
  }
  return gap;
}

TEST(AttentionKernels, AgreeWithTheFormula) {
  for (const AttentionKernels* kernels : attention_sets()) {
    for (const std::size_t width : {16U, 64U, 80U, 128U}) {
      const Case c(kTileQueries, width);
      const void* keys[] = {c.keys[0].data(), c.keys[1].data()};
      const void* values[] = {c.values[0].data(), c.values[1].data()};
      const std::size_t bytes = width * sizeof(float);
      const auto found = c.run(kernels->attend, c.query.data(), bytes, keys, values, 0, kTileQueries);
      EXPECT_LT(worst(c.wanted(), found), 2e-5) << kernels->name << ", width " << width;
      // Fewer queries at a time: the same bits.
      for (std::size_t count = 1; count < kTileQueries; ++count) {
        const auto part = c.run(kernels->attend, c.query.data(), bytes, keys, values, 1, count);
        EXPECT_TRUE(std::equal(part.begin(), part.end(), found.begin() + static_cast<std::ptrdiff_t>(width)))
            << kernels->name << ", " << count << " queries";
      }
    }
  }
}

TEST(AttentionKernels, PairedProductsAgreeWithTheFormulaOnRoundedNumbers) {
  const AttentionKernels& kernels = attention_kernels();
  if (kernels.attend_paired == nullptr) {
    GTEST_SKIP() << "this machine has no bfloat16 products";
  }
  for (const std::size_t width : {16U, 64U, 96U}) {
    Case c(kTileQueries, width);
    std::vector<std::uint16_t> query(c.query.size());
    std::vector<std::uint16_t> keys[2];
    std::vector<std::uint16_t> values[2];
    for (std::size_t i = 0; i < query.size(); ++i) {
      query[i] = float_to_bfloat16(c.query[i]);
      c.query[i] = rounded(c.query[i]);
    }
    for (std::size_t b = 0; b < 2; ++b) {
      // The slot after an odd number of them is written as zero.
      for (std::size_t d = 0; d < width; ++d) {
        c.values[b][60 * width + d] = 0.0F;
      }
      keys[b].resize(width * 64);
      values[b].resize(width * 64);
      for (std::size_t d = 0; d < width; ++d) {
        for (std::size_t j = 0; j < 64; ++j) {
          float& key = c.keys[b][d * 64 + j];
          float& value = c.values[b][j * width + d];
          keys[b][(d / 2 * 64 + j) * 2 + d % 2] = float_to_bfloat16(key);
          values[b][(j / 2 * width + d) * 2 + j % 2] = float_to_bfloat16(value);
          key = rounded(key);
          value = rounded(value);
        }
      }
    }
    const void* key_blocks[] = {keys[0].data(), keys[1].data()};
    const void* value_blocks[] = {values[0].data(), values[1].data()};
    const std::size_t bytes = width * sizeof(std::uint16_t);
    const auto found =
        c.run(kernels.attend_paired, query.data(), bytes, key_blocks, value_blocks, 0, kTileQueries);
    EXPECT_LT(worst(c.wanted(), found), 4e-3) << "weights are rounded to 8 bits";
    for (std::size_t count = 1; count < kTileQueries; ++count) {
      const auto part = c.run(kernels.attend_paired, query.data(), bytes, key_blocks, value_blocks, 1, count);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), found.begin() + static_cast<std::ptrdiff_t>(width)));
    }
    // Expanded to floats it is the very same block.
    for (const AttentionKernels* set : attention_sets()) {
      std::vector<float> wide_keys(width * 64);
      std::vector<float> wide_values(width * 64);
      set->expand_pairs(keys[0].data(), values[0].data(), width, wide_keys.data(), wide_values.data());
      EXPECT_EQ(wide_keys, c.keys[0]) << set->name;
      EXPECT_EQ(wide_values, c.values[0]) << set->name;
    }
  }
}

TEST(AttentionKernels, ExpandBytesByTheirScales) {
  constexpr std::size_t kWidth = 32;
  std::vector<std::int8_t> keys(kWidth * 64);
  std::vector<std::int8_t> values(kWidth * 64);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = static_cast<std::int8_t>(i * 37 % 255 - 127);
    values[i] = static_cast<std::int8_t>(i * 53 % 255 - 127);
  }
  const auto key_scales = random_values(64, 1);
  const auto value_scales = random_values(64, 2);
  for (const AttentionKernels* set : attention_sets()) {
    std::vector<float> wide_keys(keys.size());
    std::vector<float> wide_values(keys.size());
    set->expand_bytes(keys.data(), values.data(), key_scales.data(), value_scales.data(), kWidth,
                      wide_keys.data(), wide_values.data());
    for (std::size_t j = 0; j < 64; ++j) {
      for (std::size_t d = 0; d < kWidth; ++d) {
        ASSERT_EQ(wide_keys[d * 64 + j], static_cast<float>(keys[d * 64 + j]) * key_scales[j]) << set->name;
        ASSERT_EQ(wide_values[j * kWidth + d], static_cast<float>(values[j * kWidth + d]) * value_scales[j]);
      }
    }
  }
}

TEST(RowKernels, NormalizeAsThePlainPathDoes) {
  for (const RowKernels* kernels : row_sets()) {
    for (const std::size_t width : {7U, 48U, 576U}) {
      const auto x = random_values(width, 1, 3.0F);
      const auto gain = random_values(width, 2);
      const auto bias = random_values(width, 3);
      for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
        for (const bool with_bias : {false, true}) {
          std::vector<float> wanted(width);
          std::vector<float> found = x;
          normalize_rows(kind, 1e-5, gain,
                         with_bias ? std::span<const float>(bias) : std::span<const float>(), x, wanted);
          kernels->normalize(kind, 1e-5F, gain.data(), with_bias ? bias.data() : nullptr, width, found.data(),
                             found.data());
          for (std::size_t i = 0; i < width; ++i) {
            EXPECT_NEAR(found[i], wanted[i], 2e-6 * (1 + std::abs(wanted[i]))) << kernels->name;
          }
        }
      }
    }
  }
}

TEST(RowKernels, ActivateAsThePlainPathDoes) {
  constexpr std::size_t kCount = 101;
  for (const RowKernels* kernels : row_sets()) {
    auto gate = random_values(kCount, 1, 4.0F);
    const auto bias = random_values(kCount, 2);
    const auto up = random_values(kCount, 3);
    gate[0] = -200.0F;
    gate[1] = 200.0F;
    gate[2] = 0.0F;
    for (const Activation kind :
         {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
      std::vector<float> plain = gate;
      std::vector<float> gated = up;
      kernels->activate(kind, nullptr, nullptr, bias.data(), kCount, plain.data());
      kernels->activate(kind, gate.data(), bias.data(), nullptr, kCount, gated.data());
      for (std::size_t i = 0; i < kCount; ++i) {
        const float wanted = activate(kind, gate[i] + bias[i]);
        EXPECT_NEAR(plain[i], wanted, 2e-6 * (1 + std::abs(gate[i])))
            << kernels->name << " at " << gate[i] + bias[i];
        EXPECT_NEAR(gated[i], wanted * up[i], 1e-5 * (1 + std::abs(gate[i]))) << kernels->name;
      }
      std::vector<float> bad = {std::numeric_limits<float>::quiet_NaN()};
      kernels->activate(kind, nullptr, nullptr, nullptr, 1, bad.data());
      EXPECT_TRUE(std::isnan(bad[0])) << kernels->name << ": a NaN is not hidden";
    }
  }
}

}  // namespace
}  // namespace everform
