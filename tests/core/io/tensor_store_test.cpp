#include "everform/core/io/tensor_store.h"

#include <gtest/gtest.h>

#include "everform/core/io/gguf_keys.h"
#include "everform/core/io/mapped_file.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::refusal;
using test::TemporaryFolder;

class Store : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) {
    write_file(folder_.path() / name, content);
    return folder_.path() / name;
  }
  std::filesystem::path write_weights(const std::string& name) {
    write_safetensors(folder_.path() / name, {{"model.norm.weight", ElementType::kF32, {2}, [this] {
                                                 return std::as_bytes(std::span(values_));
                                               }}});
    return folder_.path() / name;
  }

  TemporaryFolder folder_;
  std::vector<float> values_ = {1.0F, 2.0F};
};

TEST_F(Store, IsRecognisedByContent) {
  EXPECT_EQ(open_tensor_store(write_weights("weights.bin"))->format(), "safetensors");
  write_gguf(folder_.path() / "weights.safetensors", GgufKeys(), {});
  EXPECT_EQ(open_tensor_store(folder_.path() / "weights.safetensors")->format(), "gguf");
}

TEST_F(Store, FoldersAreSearched) {
  EXPECT_NE(refusal([&] { open_tensor_store(folder_.path()); }, ErrorKind::kMissing).find("holds no"),
            std::string::npos);
  write_gguf(folder_.path() / "a.gguf", GgufKeys(), {});
  EXPECT_EQ(open_tensor_store(folder_.path())->format(), "gguf");
  write_gguf(folder_.path() / "b.gguf", GgufKeys(), {});
  EXPECT_NE(refusal([&] { open_tensor_store(folder_.path()); }, ErrorKind::kMissing), "accepted");
  write_weights("model.safetensors");
  EXPECT_EQ(open_tensor_store(folder_.path())->format(), "safetensors");
}

TEST_F(Store, PicklesAreRefusedByName) {
  const std::string zip = "PK\x03\x04" + std::string(60, 'x');
  const std::string pickle = "\x80\x02" + std::string(60, 'x');
  for (const auto& [name, content] :
       std::vector<std::pair<std::string, std::string>>{{"model.pt", zip},
                                                        {"renamed.safetensors", zip},
                                                        {"renamed.gguf", pickle},
                                                        {"old.bin", "anything at all"},
                                                        {"x.ckpt", "anything"},
                                                        {"y.pth", "anything"}}) {
    const auto path = write(name, content);
    EXPECT_NE(refusal([&] { open_tensor_store(path); }).find("pickle"), std::string::npos) << name;
  }
  TemporaryFolder hub;
  write_file(hub.path() / "pytorch_model.bin", zip);
  EXPECT_NE(refusal([&] { open_tensor_store(hub.path()); }).find("pickle"), std::string::npos);
}

TEST_F(Store, AHeaderLengthThatLooksLikeAPickleIsNone) {
  // 0x0280 bytes of header: the file begins with 0x80 0x02.
  std::string header = "{}";
  header.resize(0x0280, ' ');
  const auto path = write("weights", test::safetensors_bytes(header, 0).str());
  EXPECT_EQ(open_tensor_store(path)->format(), "safetensors");
}

TEST_F(Store, MissingAndImpossibleFiles) {
  EXPECT_NE(refusal([&] { open_tensor_store(folder_.path() / "absent"); }, ErrorKind::kMissing), "accepted");
  EXPECT_NE(refusal([&] { open_tensor_store(write("empty.safetensors", "")); }).find("cut short"),
            std::string::npos);
  EXPECT_NE(refusal([&] { open_tensor_store("/dev/null"); }), "accepted");
  EXPECT_NE(refusal([&] { MappedFile file(folder_.path()); }), "accepted");
}

TEST_F(Store, NamesTheNearestTensor) {
  const auto store = open_tensor_store(write_weights("w.safetensors"));
  EXPECT_EQ(store->find("model.norm"), nullptr);
  try {
    store->get("model.nrom.weight");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("model.norm.weight"), std::string::npos);
  }
}

TEST_F(Store, MapsMoveWithTheirMemory) {
  MappedFile first(write("f", "abc"));
  const std::byte* memory = first.bytes().data();
  MappedFile second(std::move(first));
  EXPECT_EQ(second.bytes().data(), memory);
  MappedFile third(write("g", "defg"));
  third = std::move(second);
  EXPECT_EQ(third.bytes().data(), memory);
  EXPECT_EQ(third.bytes().size(), 3U);
}

}  // namespace
}  // namespace everform
