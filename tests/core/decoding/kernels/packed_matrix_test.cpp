#include "everform/core/decoding/kernels/packed_matrix.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "tests/core/decoding/kernels/kernel_samples.h"

namespace everform {
namespace {

ErrorKind kind_of_packing(const TensorView& tensor) {
  try {
    pack_matrix(tensor);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'w'"), std::string::npos) << error.what();
    return error.kind();
  }
  return ErrorKind::kFailed;
}

TEST(PackedMatrix, RowsAreTheStoredValues) {
  for (const ElementType type : kPackedTypes) {
    const std::size_t inputs = block_elements(type) == 1 ? 77 : 512;
    const OwnedTensor tensor = random_tensor(type, 37, inputs);
    const auto matrix = pack_matrix(tensor.view);
    const std::vector<float> values = tensor.values();
    std::vector<float> row(inputs);
    for (std::size_t o = 0; o < 37; ++o) {
      matrix->row(o, row);
      for (std::size_t k = 0; k < inputs; ++k) {
        ASSERT_EQ(row[k], values[o * inputs + k]) << element_name(type) << " row " << o << " input " << k;
      }
    }
  }
}

TEST(PackedMatrix, TypesWithoutALayoutKeepTheirValues) {
  for (const ElementType type : {ElementType::kQ2_K, ElementType::kQ3_K}) {
    const OwnedTensor tensor = random_tensor(type, 19, 256);
    const auto matrix = pack_matrix(tensor.view);
    const std::vector<float> values = tensor.values();
    std::vector<float> row(256);
    for (std::size_t o = 0; o < 19; ++o) {
      matrix->row(o, row);
      for (std::size_t k = 0; k < 256; ++k) {
        ASSERT_EQ(row[k], values[o * 256 + k]) << element_name(type);
      }
    }
  }
}

TEST(PackedMatrix, TakesLittleMoreThanTheFile) {
  for (const ElementType type : kPackedTypes) {
    const OwnedTensor tensor = random_tensor(type, 64, 2048);
    EXPECT_LE(static_cast<double>(pack_matrix(tensor.view)->bytes()),
              1.03 * static_cast<double>(tensor.memory.size()))
        << element_name(type);
  }
}

TEST(PackedMatrix, SaysItsShapeAndFastForm) {
  const OwnedTensor tensor = random_tensor(ElementType::kQ4_0, 33, 64);
  const auto matrix = pack_matrix(tensor.view);
  EXPECT_EQ(matrix->outputs(), 33U);
  EXPECT_EQ(matrix->inputs(), 64U);
  EXPECT_EQ((matrix->panels() - 1) * matrix->panel_outputs() + 1, 33U);
  EXPECT_EQ(matrix->fast_precision(), ActivationPrecision::kInt8);
  EXPECT_EQ(pack_matrix(random_tensor(ElementType::kBF16, 2, 2).view)->fast_precision(),
            ActivationPrecision::kBFloat16);
  EXPECT_EQ(pack_matrix(random_tensor(ElementType::kF16, 2, 2).view)->fast_precision(),
            ActivationPrecision::kFloat32);
}

// A matrix of one type among others of another type is given rows in their form.
TEST(PackedMatrix, MultipliesRowsInAnyForm) {
  std::vector<float> values(64);
  RandomStream(2, "values").fill_normal(values);
  for (const ElementType type : {ElementType::kQ4_0, ElementType::kF16, ElementType::kBF16}) {
    const OwnedTensor tensor = random_tensor(type, 20, 64);
    const auto matrix = pack_matrix(tensor.view);
    const std::vector<float> w = tensor.values();
    for (const auto precision :
         {ActivationPrecision::kFloat32, ActivationPrecision::kInt8, ActivationPrecision::kBFloat16}) {
      ActivationRows x;
      x.resize(precision, 1, 64);
      x.set(0, values);
      std::vector<float> read(64);
      x.read(0, read);
      std::vector<float> y(20);
      matrix->multiply(x, 0, matrix->panels(), y.data(), 20);
      for (std::size_t o = 0; o < 20; ++o) {
        double exact = 0;
        for (std::size_t k = 0; k < 64; ++k) {
          exact += double{read[k]} * w[o * 64 + k];
        }
        EXPECT_NEAR(y[o], exact, 1e-4) << element_name(type) << " " << static_cast<int>(precision);
      }
    }
  }
}

TEST(PackedMatrix, RefusesTensorsThatLie) {
  OwnedTensor tensor = random_tensor(ElementType::kQ4_K, 8, 512);
  tensor.view.name = "w";
  const auto with = [&](std::vector<std::int64_t> shape, std::size_t bytes) {
    TensorView view = tensor.view;
    view.shape = std::move(shape);
    view.data = std::span(tensor.memory).first(bytes);
    return kind_of_packing(view);
  };
  const std::size_t all = tensor.memory.size();
  EXPECT_EQ(with({8, 512}, all - 1), ErrorKind::kBadInput);
  EXPECT_EQ(with({8, 512}, 0), ErrorKind::kBadInput);
  EXPECT_EQ(with({9, 512}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({4, 512}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({8, 500}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({4096}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({2, 4, 512}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({0, 512}, 0), ErrorKind::kBadInput);
  EXPECT_EQ(with({8, 0}, 0), ErrorKind::kBadInput);
  EXPECT_EQ(with({-8, -512}, all), ErrorKind::kBadInput);
  EXPECT_EQ(with({std::int64_t{1} << 40, std::int64_t{1} << 40}, all), ErrorKind::kBadInput);
}

}  // namespace
}  // namespace everform
