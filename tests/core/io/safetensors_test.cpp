#include "everform/core/io/safetensors.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::Bytes;
using test::refusal;
using test::safetensors_bytes;
using test::TemporaryFolder;

constexpr const char* kGood =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("a":{"dtype":"I8","shape":[2,2],"data_offsets":[8,12]},"empty":{"dtype":"F16","shape":[0,3],"data_offsets":[12,12]}})";

TEST(Safetensors, ReadsAGoodFileInTheOrderOfItsData) {
  const Bytes file = safetensors_bytes(kGood, 12);
  const SafetensorsContents contents = parse_safetensors(file.bytes(), "test");
  ASSERT_EQ(contents.tensors.size(), 3U);
  EXPECT_EQ(contents.tensors[0].name, "b");
  EXPECT_EQ(contents.tensors[1].name, "a");
  EXPECT_EQ(contents.tensors[1].type, ElementType::kI8);
  EXPECT_EQ(contents.tensors[1].shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(contents.tensors[1].data.data(), file.bytes().data() + file.bytes().size() - 4);
  EXPECT_EQ(contents.tensors[2].elements(), 0);
  EXPECT_EQ(contents.metadata["format"], "pt");
}

TEST(Safetensors, ReadsAScalarAndAnEmptyFile) {
  const Bytes scalar = safetensors_bytes(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(parse_safetensors(scalar.bytes(), "test").tensors[0].elements(), 1);
  EXPECT_TRUE(parse_safetensors(safetensors_bytes("{}  ", 0).bytes(), "test").tensors.empty());
}

/// A header with one tensor, written by hand.
std::string one(const std::string& entry) {
  return "{\"t\":" + entry + "}";
}

TEST(Safetensors, RefusesEveryLie) {
  struct Lie {
    std::string header;
    std::size_t data;
    const char* expected;
  };
  const std::string huge = "9223372036854775807";
  const Lie lies[] = {
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), 4, "needs 8 bytes"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), 8, "needs 8 bytes"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), 4, "cut short"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), 9, "cut short or lies"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"), 12, "overlap or leave a gap"},
      {one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), 8, "whole number"},
      {one(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), 8, "whole number"},
      {one(R"({"dtype":"F32","shape":[)" + huge + "," + huge + R"(],"data_offsets":[0,8]})"), 8, "60 bits"},
      {one(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]})"), 8, "whole number"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]})"), 8, "whole number"},
      {one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), 8, "shape"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), 8, "data_offsets"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":"x"})"), 8, "data_offsets"},
      {one(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"), 8, "not supported"},
      {one(R"({"dtype":7,"shape":[8],"data_offsets":[0,8]})"), 8, "no text"},
      {one(R"({"dtype":"F32","shape":[2]})"), 8, "exactly dtype"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1})"), 8, "exactly dtype"},
      {one(R"({"dtype":"F32","shape":[2],"offsets":[0,8]})"), 8, "no data_offsets"},
      {one("[1]"), 8, "exactly dtype"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
       12, "overlap"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
       16, "occurs twice"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})",
       20, "leave a gap"},
      {R"({"__metadata__":{"format":1}})", 0, "texts"},
      {R"({"__metadata__":[]})", 0, "texts"},
      {R"({"a":[[[[[1]]]]]})", 0, "nested deeper"},
      {R"({"a":)", 0, "not valid JSON"},
      {R"([1])", 0, "does not begin"},
      {"{\"\xFF\":1}", 0, "not valid JSON"},
      {"", 0, "does not begin"},
  };
  for (const Lie& lie : lies) {
    const Bytes file = safetensors_bytes(lie.header, lie.data);
    const std::string message = refusal([&] { parse_safetensors(file.bytes(), "test"); });
    EXPECT_NE(message.find(lie.expected), std::string::npos) << lie.header << "\n" << message;
  }
}

TEST(Safetensors, RefusesLyingHeaderLengths) {
  Bytes too_long;
  too_long.put<std::uint64_t>(kSafetensorsLongestHeader + 1).text("{}");
  EXPECT_NE(refusal([&] { parse_safetensors(too_long.bytes(), "test"); }).find("claims"), std::string::npos);
  Bytes beyond;
  beyond.put<std::uint64_t>(100).text("{}");
  EXPECT_NE(refusal([&] { parse_safetensors(beyond.bytes(), "test"); }).find("cut short"), std::string::npos);
  for (std::size_t length = 0; length < 8; ++length) {
    EXPECT_NE(refusal([&] { parse_safetensors(beyond.bytes().first(length), "test"); }), "accepted");
  }
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const Bytes file = safetensors_bytes(kGood, 12);
  for (std::size_t length = 0; length < file.str().size(); ++length) {
    EXPECT_NE(refusal([&] { parse_safetensors(file.bytes().first(length), "test"); }), "accepted") << length;
  }
}

/// Two float tensors and an empty one.
class Writer : public testing::Test {
 protected:
  Writer() { std::iota(values_.begin(), values_.end(), 1.0F); }

  std::vector<TensorToWrite> tensors() const {
    const auto bytes = std::as_bytes(std::span(values_));
    return {{"z", ElementType::kF32, {2, 3}, [bytes] { return bytes.first(24); }},
            {"a \"quoted\" name", ElementType::kF32, {2}, [bytes] { return bytes.subspan(24); }}};
  }

  TemporaryFolder folder_;
  std::array<float, 8> values_{};
};

TEST_F(Writer, WritesWhatIsReadBack) {
  const auto path = folder_.path() / "model.safetensors";
  const std::size_t bytes = write_safetensors(path, tensors(), {{"k", "v"}});
  EXPECT_EQ(bytes, std::filesystem::file_size(path));
  const auto store = open_tensor_store(path);
  EXPECT_EQ(store->format(), "safetensors");
  EXPECT_EQ(store->metadata()["k"], "v");
  ASSERT_EQ(store->tensors().size(), 2U);
  EXPECT_EQ(store->tensors()[0].name, "z");
  EXPECT_EQ(read_float32(store->get("z")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read_float32(store->get("a \"quoted\" name")), (std::vector<float>{7, 8}));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(store->get("z").data.data()) % 8, 0U);
}

TEST_F(Writer, IsDeterministicAndLeavesNothingBehind) {
  write_safetensors(folder_.path() / "1", tensors(), {{"k", "v"}});
  write_safetensors(folder_.path() / "2", tensors(), {{"k", "v"}});
  EXPECT_EQ(read_file(folder_.path() / "1"), read_file(folder_.path() / "2"));
  auto wrong = tensors();
  wrong[1].shape = {3};
  EXPECT_THROW(write_safetensors(folder_.path() / "3", wrong), Error);
  wrong = tensors();
  wrong[1].name = "z";
  EXPECT_EQ(refusal([&] { write_safetensors(folder_.path() / "3", wrong); }, ErrorKind::kUsage),
            "the tensor \"z\" is given twice");
  wrong = tensors();
  wrong[1].type = ElementType::kQ4_0;
  EXPECT_NE(refusal([&] { write_safetensors(folder_.path() / "3", wrong); }, ErrorKind::kUsage).find("q4_0"),
            std::string::npos);
  const auto files = std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  EXPECT_EQ(files, 2);
}

/// A model in two shards.
class Shards : public Writer {
 protected:
  Shards() {
    auto all = tensors();
    write_safetensors(folder_.path() / "one.safetensors", {all[0]});
    write_safetensors(folder_.path() / "two.safetensors", {all[1]});
    map_ = {{"z", "one.safetensors"}, {"a \"quoted\" name", "two.safetensors"}};
  }

  std::string open(const nlohmann::json& map, ErrorKind kind = ErrorKind::kBadInput) {
    const nlohmann::json index = {{"metadata", {{"total_size", 32}}}, {"weight_map", map}};
    write_file(folder_.path() / "model.safetensors.index.json", index.dump());
    return refusal([&] { store_ = open_tensor_store(folder_.path()); }, kind);
  }

  nlohmann::json map_;
  std::unique_ptr<TensorStore> store_;
};

TEST_F(Shards, AreReadAsOne) {
  ASSERT_EQ(open(map_), "accepted");
  EXPECT_EQ(store_->tensors().size(), 2U);
  EXPECT_EQ(read_float32(store_->get("z"))[5], 6.0F);
  EXPECT_EQ(store_->metadata()["total_size"], 32);
}

TEST_F(Shards, RefuseWhatDoesNotAgree) {
  nlohmann::json map = map_;
  map["z"] = "../one.safetensors";
  EXPECT_NE(open(map).find("no .safetensors file beside"), std::string::npos);
  map["z"] = "one.bin";
  EXPECT_NE(open(map).find("no .safetensors file beside"), std::string::npos);
  map["z"] = 1;
  EXPECT_NE(open(map).find("no .safetensors file beside"), std::string::npos);
  map["z"] = "two.safetensors";
  EXPECT_NE(open(map).find("listed"), std::string::npos);
  map = map_;
  map["extra"] = "one.safetensors";
  EXPECT_NE(open(map).find("2 tensors are listed"), std::string::npos);
  map = map_;
  map.erase("z");
  map["y"] = "one.safetensors";
  EXPECT_NE(open(map).find("not listed"), std::string::npos);
  map["y"] = "three.safetensors";
  EXPECT_NE(open(map, ErrorKind::kMissing), "accepted");
  EXPECT_NE(open(3).find("no weight_map"), std::string::npos);
}

}  // namespace
}  // namespace everform
