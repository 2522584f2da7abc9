#include "everform/core/decoding/kernels/panel_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "everform/core/base/random.h"
#include "everform/core/decoding/kernels/packed_matrix.h"
#include "everform/core/decoding/kernels/thread_team.h"
#include "tests/core/decoding/kernels/kernel_samples.h"

namespace everform {
namespace {

struct Shape {
  std::size_t outputs, inputs;
};

ActivationRows random_rows(ActivationPrecision precision, std::size_t rows, std::size_t inputs,
                           std::uint64_t first_row = 0) {
  ActivationRows x;
  x.resize(precision, rows, inputs);
  std::vector<float> values(inputs);
  for (std::size_t r = 0; r < rows; ++r) {
    RandomStream(5, "activations", inputs, first_row + r).fill_normal(values);
    x.set(r, values);
  }
  return x;
}

std::vector<Shape> shapes_for(ElementType type) {
  switch (block_elements(type)) {
    case 256:
      return {{48, 256}, {37, 512}, {1, 768}};
    case 32:
      return {{48, 256}, {37, 96}, {16, 32}, {1, 576}};
    default:
      return {{48, 256}, {37, 45}, {16, 3}, {5, 1}, {33, 130}};
  }
}

std::vector<ActivationPrecision> precisions_for(ElementType type) {
  if (is_quantized(type)) {
    return {ActivationPrecision::kFloat32, ActivationPrecision::kInt8};
  }
  if (type == ElementType::kBF16) {
    return {ActivationPrecision::kFloat32, ActivationPrecision::kBFloat16};
  }
  return {ActivationPrecision::kFloat32};
}

std::vector<float> product(const PackedMatrix& matrix, const ActivationRows& x) {
  std::vector<float> y(x.rows() * matrix.outputs(), -7.0F);
  matrix.multiply(x, 0, matrix.panels(), y.data(), matrix.outputs());
  return y;
}

// The greatest |y - exact| against what rounding may cost: the product of the magnitudes.
double worst_error(const std::vector<float>& y, const ActivationRows& x, const std::vector<float>& w,
                   std::size_t outputs) {
  double worst = 0;
  const std::size_t inputs = x.inputs();
  std::vector<float> values(inputs);
  for (std::size_t r = 0; r < x.rows(); ++r) {
    x.read(r, values);
    for (std::size_t o = 0; o < outputs; ++o) {
      double exact = 0;
      double activation = 1e-9;
      double weight = 0;
      for (std::size_t k = 0; k < inputs; ++k) {
        exact += double{values[k]} * w[o * inputs + k];
        activation += std::abs(values[k]);
        weight = std::max(weight, double{std::abs(w[o * inputs + k])});
      }
      worst = std::max(worst, std::abs(y[r * outputs + o] - exact) / (activation * weight));
    }
  }
  return worst;
}

std::string label(const PanelKernels& kernels, ElementType type, const Shape& shape,
                  ActivationPrecision precision) {
  return std::string(kernels.name) + " " + std::string(element_name(type)) + " " +
         std::to_string(shape.outputs) + "x" + std::to_string(shape.inputs) + " precision " +
         std::to_string(static_cast<int>(precision));
}

template <typename Check>
void for_every_case(const Check& check) {
  for (const PanelKernels& kernels : supported_panel_sets()) {
    for (const ElementType type : kPackedTypes) {
      for (const Shape& shape : shapes_for(type)) {
        for (const ActivationPrecision precision : precisions_for(type)) {
          SCOPED_TRACE(label(kernels, type, shape, precision));
          check(kernels, type, shape, precision);
        }
      }
    }
  }
}

TEST(PanelKernels, EqualTheProductOfTheValuesRead) {
  for_every_case(
      [](const PanelKernels& kernels, ElementType type, Shape shape, ActivationPrecision precision) {
        const OwnedTensor tensor = random_tensor(type, shape.outputs, shape.inputs);
        const auto matrix = pack_matrix(tensor.view, kernels);
        const std::vector<float> w = tensor.values();
        for (const std::size_t rows : {1, 2, 3, 5, 8, 17, 64}) {
          const ActivationRows x = random_rows(precision, rows, shape.inputs);
          EXPECT_LT(worst_error(product(*matrix, x), x, w, shape.outputs), 1e-6) << rows << " rows";
        }
      });
}

TEST(PanelKernels, BitsDependOnTheirOwnRowAlone) {
  for_every_case([](const PanelKernels& kernels, ElementType type, Shape shape,
                    ActivationPrecision precision) {
    const OwnedTensor tensor = random_tensor(type, shape.outputs, shape.inputs);
    const auto matrix = pack_matrix(tensor.view, kernels);
    const ActivationRows all = random_rows(precision, 64, shape.inputs);
    const std::vector<float> together = product(*matrix, all);
    for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 8, 12, 17, 33}) {
      const std::size_t first = 64 - rows;
      const ActivationRows some = random_rows(precision, rows, shape.inputs, first);
      const std::vector<float> y = product(*matrix, some);
      EXPECT_EQ(std::memcmp(y.data(), together.data() + first * shape.outputs, y.size() * sizeof(float)), 0)
          << rows << " rows";
    }
  });
}

TEST(PanelKernels, BitsDoNotDependOnPanelRangeOrThread) {
  ThreadTeam team(2);
  for_every_case([&](const PanelKernels& kernels, ElementType type, Shape, ActivationPrecision precision) {
    const OwnedTensor tensor = random_tensor(type, 185, 512);
    const auto matrix = pack_matrix(tensor.view, kernels);
    for (const std::size_t rows : {1, 6}) {
      const ActivationRows x = random_rows(precision, rows, 512);
      const std::vector<float> whole = product(*matrix, x);
      for (const std::size_t share : {1, 2, 3, 5}) {
        std::vector<float> y(whole.size());
        team.run((matrix->panels() + share - 1) / share, [&](std::size_t item) {
          matrix->multiply(x, item * share, std::min((item + 1) * share, matrix->panels()), y.data(), 185);
        });
        EXPECT_EQ(std::memcmp(y.data(), whole.data(), y.size() * sizeof(float)), 0) << share << " panels";
      }
    }
  });
}

TEST(PanelKernels, WriteNothingBesideTheirOutputs) {
  for_every_case(
      [](const PanelKernels& kernels, ElementType type, Shape shape, ActivationPrecision precision) {
        const OwnedTensor tensor = random_tensor(type, shape.outputs, shape.inputs);
        const auto matrix = pack_matrix(tensor.view, kernels);
        const ActivationRows x = random_rows(precision, 3, shape.inputs);
        const std::size_t stride = shape.outputs + 5;
        std::vector<float> y(3 * stride, -7.0F);
        matrix->multiply(x, 0, matrix->panels(), y.data(), stride);
        for (std::size_t r = 0; r < 3; ++r) {
          for (std::size_t o = shape.outputs; o < stride; ++o) {
            ASSERT_EQ(y[r * stride + o], -7.0F);
          }
        }
      });
}

// The stated error of int8 activations: relative to the product of the lengths, below 0.6 %.
TEST(PanelKernels, Int8ActivationsStayNearTheFloatProduct) {
  for (const PanelKernels& kernels : supported_panel_sets()) {
    for (const ElementType type : kQuantizedTypes) {
      const OwnedTensor tensor = random_tensor(type, 64, 1024);
      const auto matrix = pack_matrix(tensor.view, kernels);
      const std::vector<float> exact = product(*matrix, random_rows(ActivationPrecision::kFloat32, 8, 1024));
      const std::vector<float> fast = product(*matrix, random_rows(ActivationPrecision::kInt8, 8, 1024));
      double error = 0;
      double size = 0;
      for (std::size_t i = 0; i < exact.size(); ++i) {
        error += std::pow(double{fast[i]} - exact[i], 2);
        size += std::pow(double{exact[i]}, 2);
      }
      EXPECT_LT(std::sqrt(error / size), 0.01) << kernels.name << " " << element_name(type);
      EXPECT_GT(error, 0) << "int8 rows were not used";
    }
  }
}

TEST(PanelKernels, NonFiniteActivationsReachEveryOutput) {
  for (const PanelKernels& kernels : supported_panel_sets()) {
    for (const ElementType type : kQuantizedTypes) {
      const OwnedTensor tensor = random_tensor(type, 16, 256);
      const auto matrix = pack_matrix(tensor.view, kernels);
      ActivationRows x;
      x.resize(ActivationPrecision::kInt8, 1, 256);
      std::vector<float> values(256, 1.0F);
      values[77] = INFINITY;
      x.set(0, values);
      for (const float y : product(*matrix, x)) {
        EXPECT_TRUE(std::isnan(y)) << kernels.name << " " << element_name(type);
      }
    }
  }
}

}  // namespace
}  // namespace everform
