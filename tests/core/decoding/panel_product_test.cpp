#include "everform/core/decoding/panel_product.h"

#include <gtest/gtest.h>

#include <cstring>

#include "everform/core/base/random.h"
#include "everform/core/decoding/aligned_floats.h"

namespace everform {
namespace {

struct Shape {
  std::size_t rows, inputs, outputs;
};

struct Case {
  explicit Case(Shape shape) : shape_(shape), panels((shape.outputs + kPanelLanes - 1) / kPanelLanes) {
    x.resize(shape.rows * shape.inputs);
    w.resize(panels * shape.inputs * kPanelLanes);
    RandomStream random(1, "panel product");
    random.fill_normal(x);
    random.fill_normal(w);
  }

  AlignedFloats run(const PanelKernel& kernel, std::size_t first_row, std::size_t rows) const {
    AlignedFloats out(rows * shape_.outputs, -7.0F);
    kernel.run({.x = x.data() + first_row * shape_.inputs,
                .x_stride = shape_.inputs,
                .rows = rows,
                .panels = w.data(),
                .panel_stride = shape_.inputs * kPanelLanes,
                .input_stride = kPanelLanes,
                .inputs = shape_.inputs,
                .out = out.data(),
                .out_stride = shape_.outputs,
                .outputs = shape_.outputs});
    return out;
  }

  double exact(std::size_t r, std::size_t o) const {
    double sum = 0;
    for (std::size_t k = 0; k < shape_.inputs; ++k) {
      sum += double{x[r * shape_.inputs + k]} *
             w[((o / kPanelLanes) * shape_.inputs + k) * kPanelLanes + o % kPanelLanes];
    }
    return sum;
  }

  Shape shape_;
  std::size_t panels;
  AlignedFloats x, w;
};

// Around the sizes of tiles, panels and blocks of inputs.
const std::vector<Shape> kShapes = {{1, 1, 1},    {1, 300, 100}, {2, 255, 16},  {3, 256, 17},
                                    {7, 257, 47}, {8, 64, 48},   {13, 513, 49}, {64, 33, 130}};

TEST(PanelProduct, EveryKernelIsRightForEveryShape) {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    for (const PanelKernel& kernel : supported_panel_kernels()) {
      const AlignedFloats out = c.run(kernel, 0, shape.rows);
      for (std::size_t r = 0; r < shape.rows; ++r) {
        for (std::size_t o = 0; o < shape.outputs; ++o) {
          ASSERT_NEAR(out[r * shape.outputs + o], c.exact(r, o), 1e-5 * static_cast<double>(shape.inputs + 1))
              << kernel.name << " " << shape.rows << "x" << shape.inputs << "x" << shape.outputs;
        }
      }
    }
  }
}

TEST(PanelProduct, ARowsBitsDoNotDependOnTheRowsBesideIt) {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    for (const PanelKernel& kernel : supported_panel_kernels()) {
      const AlignedFloats together = c.run(kernel, 0, shape.rows);
      for (std::size_t r = 0; r < shape.rows; ++r) {
        const AlignedFloats alone = c.run(kernel, r, 1);
        ASSERT_EQ(
            std::memcmp(alone.data(), together.data() + r * shape.outputs, alone.size() * sizeof(float)), 0)
            << kernel.name << " row " << r;
      }
    }
  }
}

TEST(PanelProduct, KernelsWithFusedMultiplyAddAgreeBitForBit) {
  const auto kernels = supported_panel_kernels();
  EXPECT_STREQ(kernels.back().name, "baseline");
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    for (const PanelKernel& kernel : kernels.first(kernels.size() - 1)) {
      EXPECT_EQ(c.run(kernels[0], 0, shape.rows), c.run(kernel, 0, shape.rows)) << kernel.name;
    }
  }
}

TEST(PanelProduct, NoInputsGiveZeros) {
  Case c({3, 1, 20});
  c.shape_.inputs = 0;
  for (const PanelKernel& kernel : supported_panel_kernels()) {
    EXPECT_EQ(c.run(kernel, 0, 3), AlignedFloats(60, 0.0F));
  }
}

}  // namespace
}  // namespace everform
