#include "everform/core/io/gguf.h"

#include <gtest/gtest.h>

#include "everform/core/io/gguf_keys.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::Bytes;
using test::refusal;
using test::TemporaryFolder;

Bytes header(std::uint32_t version, std::uint64_t tensors, std::uint64_t keys) {
  Bytes bytes;
  bytes.text("GGUF").put(version).put(tensors).put(keys);
  return bytes;
}

void put_tensor(Bytes& bytes, const std::string& name, std::vector<std::uint64_t> dims, std::uint32_t type,
                std::uint64_t offset) {
  bytes.string(name).put<std::uint32_t>(static_cast<std::uint32_t>(dims.size()));
  for (const std::uint64_t dim : dims) {
    bytes.put(dim);
  }
  bytes.put(type).put(offset);
}

std::string parse(const Bytes& bytes) {
  return refusal([&] { parse_gguf(bytes.bytes(), "test"); });
}

/// Two keys, an F32 [2, 3] tensor and a Q8_0 [1, 32] one.
Bytes good_file(std::uint32_t version = 3) {
  Bytes bytes = header(version, 2, 2);
  bytes.string("general.architecture").put<std::uint32_t>(8).string("llama");
  bytes.string("list").put<std::uint32_t>(9).put<std::uint32_t>(5).put<std::uint64_t>(3);
  bytes.put<std::int32_t>(-1).put<std::int32_t>(2).put<std::int32_t>(3);
  put_tensor(bytes, "a", {3, 2}, 0, 0);
  put_tensor(bytes, "b", {32, 1}, 8, 32);
  bytes.pad(32);
  for (int i = 0; i < 6; ++i) {
    bytes.put(static_cast<float>(i));
  }
  bytes.pad(32).zeros(34);
  return bytes;
}

TEST(Gguf, ReadsVersions2And3) {
  for (const std::uint32_t version : {2U, 3U}) {
    const Bytes file = good_file(version);
    const GgufContents contents = parse_gguf(file.bytes(), "test");
    EXPECT_EQ(contents.version, version);
    EXPECT_EQ(contents.metadata["general.architecture"], "llama");
    EXPECT_EQ(contents.metadata["list"], (nlohmann::json{-1, 2, 3}));
    ASSERT_EQ(contents.keys.size(), 2U);
    EXPECT_EQ(contents.keys[1].element, GgufType::kI32);
    ASSERT_EQ(contents.tensors.size(), 2U);
    EXPECT_EQ(contents.tensors[0].shape, (std::vector<std::int64_t>{2, 3}));  // dims are reversed
    EXPECT_EQ(read_float32(contents.tensors[0]), (std::vector<float>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(contents.tensors[1].type, ElementType::kQ8_0);
    EXPECT_EQ(contents.tensors[1].data.size(), 34U);
  }
}

TEST(Gguf, ReadsEveryKindOfValue) {
  Bytes bytes = header(3, 0, 12);
  bytes.string("u8").put<std::uint32_t>(0).put<std::uint8_t>(200);
  bytes.string("i8").put<std::uint32_t>(1).put<std::int8_t>(-100);
  bytes.string("u16").put<std::uint32_t>(2).put<std::uint16_t>(60000);
  bytes.string("i16").put<std::uint32_t>(3).put<std::int16_t>(-30000);
  bytes.string("u32").put<std::uint32_t>(4).put<std::uint32_t>(4000000000U);
  bytes.string("i32").put<std::uint32_t>(5).put<std::int32_t>(-2000000000);
  bytes.string("f32").put<std::uint32_t>(6).put(0.1F);
  bytes.string("bool").put<std::uint32_t>(7).put<std::uint8_t>(1);
  bytes.string("u64").put<std::uint32_t>(10).put<std::uint64_t>(UINT64_MAX);
  bytes.string("i64").put<std::uint32_t>(11).put<std::int64_t>(INT64_MIN);
  bytes.string("f64").put<std::uint32_t>(12).put(0.1);
  bytes.string("strings").put<std::uint32_t>(9).put<std::uint32_t>(8).put<std::uint64_t>(2).string("").string(
      "\xFF");
  const nlohmann::json values = parse_gguf(bytes.bytes(), "test").metadata;
  EXPECT_EQ(values["u8"], 200);
  EXPECT_EQ(values["i8"], -100);
  EXPECT_EQ(values["u16"], 60000);
  EXPECT_EQ(values["i16"], -30000);
  EXPECT_EQ(values["u32"], 4000000000U);
  EXPECT_EQ(values["i32"], -2000000000);
  EXPECT_EQ(values["f32"].get<float>(), 0.1F);
  EXPECT_EQ(values["bool"], true);
  EXPECT_EQ(values["u64"], UINT64_MAX);
  EXPECT_EQ(values["i64"], INT64_MIN);
  EXPECT_EQ(values["f64"], 0.1);
  EXPECT_EQ(values["strings"][1].get<std::string>(), "\xFF");
}

TEST(Gguf, EveryTruncationIsRefused) {
  const Bytes file = good_file();
  for (std::size_t length = 0; length < file.str().size(); ++length) {
    EXPECT_NE(refusal([&] { parse_gguf(file.bytes().first(length), "test"); }), "accepted") << length;
  }
}

TEST(Gguf, RefusesForeignHeaders) {
  EXPECT_NE(parse(Bytes().text("GGML").zeros(40)).find("GGUF"), std::string::npos);
  EXPECT_NE(parse(header(1, 0, 0)).find("version is 1"), std::string::npos);
  EXPECT_NE(parse(header(4, 0, 0)).find("version is 4"), std::string::npos);
  EXPECT_NE(parse(header(0x03000000, 0, 0)).find("big-endian"), std::string::npos);
  EXPECT_NE(parse(header(3, UINT64_MAX, 0)).find("tensors, which do not fit"), std::string::npos);
  EXPECT_NE(parse(header(3, 0, UINT64_MAX / 2)).find("keys, which do not fit"), std::string::npos);
}

TEST(Gguf, RefusesLyingKeys) {
  const auto with_key = [](const auto& put) {
    Bytes bytes = header(3, 0, 1);
    put(bytes);
    return parse(bytes.zeros(64));
  };
  EXPECT_NE(with_key([](Bytes& b) { b.put<std::uint64_t>(70000); }).find("longer than"), std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) { b.put<std::uint64_t>(0); }).find("empty"), std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) { b.string("\xC0\x80"); }).find("no valid text"), std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) { b.string(std::string("a\0b", 3)); }).find("no valid text"),
            std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) { b.string("k").put<std::uint32_t>(13); }).find("unknown"),
            std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) {
              b.string("k").put<std::uint32_t>(7).put<std::uint8_t>(2);
            }).find("neither 0 nor 1"),
            std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) {
              b.string("k").put<std::uint32_t>(8).put<std::uint64_t>(UINT64_MAX);
            }).find("cut short"),
            std::string::npos);
  EXPECT_NE(with_key([](Bytes& b) {
              b.string("k").put<std::uint32_t>(9).put<std::uint32_t>(9);
            }).find("array of arrays"),
            std::string::npos);
  const auto array_of = [&](std::uint32_t type, std::uint64_t count) {
    return with_key([&](Bytes& b) { b.string("k").put<std::uint32_t>(9).put(type).put(count); });
  };
  EXPECT_NE(array_of(4, UINT64_MAX).find("do not fit"), std::string::npos);
  EXPECT_NE(array_of(8, 9).find("do not fit"), std::string::npos);
  EXPECT_NE(array_of(99, 1).find("unknown"), std::string::npos);
  Bytes twice = header(3, 0, 2);
  for (int i = 0; i < 2; ++i) {
    twice.string("k").put<std::uint32_t>(0).put<std::uint8_t>(1);
  }
  EXPECT_NE(parse(twice).find("occurs twice"), std::string::npos);
}

TEST(Gguf, LimitsWhatArraysMayHold) {
  Bytes bytes = header(3, 0, 1);
  constexpr std::uint64_t kTooMany = (std::uint64_t{1} << 24U) + 1;
  bytes.string("k").put<std::uint32_t>(9).put<std::uint32_t>(0).put(kTooMany).zeros(kTooMany);
  EXPECT_NE(parse(bytes).find("hold more than"), std::string::npos);
}

TEST(Gguf, RefusesLyingAlignments) {
  const auto aligned = [](std::uint32_t type, const auto& value) {
    Bytes bytes = header(3, 0, 1);
    return parse(bytes.string("general.alignment").put(type).put(value));
  };
  EXPECT_EQ(aligned(4, std::uint32_t{64}), "accepted");
  EXPECT_NE(aligned(4, std::uint32_t{0}), "accepted");
  EXPECT_NE(aligned(4, std::uint32_t{48}), "accepted");
  EXPECT_NE(aligned(4, std::uint32_t{1} << 30), "accepted");
  EXPECT_NE(aligned(5, std::int32_t{-32}), "accepted");
  EXPECT_NE(aligned(12, 32.0), "accepted");
}

TEST(Gguf, RefusesLyingTensors) {
  const auto with_tensor = [](const std::string& name, std::vector<std::uint64_t> dims, std::uint32_t type,
                              std::uint64_t offset, std::size_t data) {
    Bytes bytes = header(3, 1, 0);
    put_tensor(bytes, name, std::move(dims), type, offset);
    return parse(bytes.pad(32).zeros(data));
  };
  EXPECT_EQ(with_tensor("t", {4}, 0, 0, 16), "accepted");
  EXPECT_EQ(with_tensor("t", {4}, 0, 0, 32), "accepted");  // padded to the alignment
  EXPECT_NE(with_tensor("t", {4}, 0, 0, 15).find("cut short"), std::string::npos);
  EXPECT_NE(with_tensor("t", {4}, 0, 0, 33).find("belong to none"), std::string::npos);
  EXPECT_NE(with_tensor("t", {4}, 0, 32, 48).find("leave a gap"), std::string::npos);
  EXPECT_NE(with_tensor("t", {4}, 0, UINT64_MAX - 31, 48).find("leave a gap"), std::string::npos);
  EXPECT_NE(with_tensor("", {4}, 0, 0, 16).find("empty"), std::string::npos);
  EXPECT_NE(with_tensor(std::string(1025, 'n'), {4}, 0, 0, 16).find("longer than"), std::string::npos);
  EXPECT_NE(with_tensor("t", {}, 0, 0, 16).find("0 dimensions"), std::string::npos);
  EXPECT_NE(with_tensor("t", {1, 1, 1, 1, 4}, 0, 0, 16).find("5 dimensions"), std::string::npos);
  EXPECT_NE(with_tensor("t", {0}, 0, 0, 16).find("extent of 0"), std::string::npos);
  EXPECT_NE(with_tensor("t", {UINT64_MAX}, 0, 0, 16).find("extent"), std::string::npos);
  EXPECT_NE(with_tensor("t", {1ULL << 40, 1ULL << 40}, 0, 0, 16).find("60 bits"), std::string::npos);
  EXPECT_NE(with_tensor("t", {1ULL << 33, 1ULL << 31, 2}, 0, 0, 16).find("60 bits"), std::string::npos);
  EXPECT_NE(with_tensor("t", {4}, 4, 0, 16).find("not supported"), std::string::npos);
  EXPECT_NE(with_tensor("t", {33}, 8, 0, 64).find("multiples of 32"), std::string::npos);
  EXPECT_NE(with_tensor("t", {128}, 12, 0, 144).find("multiples of 256"), std::string::npos);
}

TEST(Gguf, RefusesOverlapsAndDoubles) {
  const auto two = [](const std::string& second, std::uint64_t offset) {
    Bytes bytes = header(3, 2, 0);
    put_tensor(bytes, "t", {8}, 0, 0);
    put_tensor(bytes, second, {8}, 0, offset);
    return parse(bytes.pad(32).zeros(64));
  };
  EXPECT_EQ(two("u", 32), "accepted");
  EXPECT_NE(two("u", 0).find("overlap"), std::string::npos);
  EXPECT_NE(two("u", 16).find("overlap"), std::string::npos);
  EXPECT_NE(two("t", 32).find("occurs twice"), std::string::npos);
}

TEST(Gguf, HonoursTheAlignment) {
  Bytes bytes = header(3, 2, 1);
  bytes.string("general.alignment").put<std::uint32_t>(4).put<std::uint32_t>(128);
  put_tensor(bytes, "t", {1}, 0, 0);
  put_tensor(bytes, "u", {1}, 0, 128);
  bytes.pad(128).put(1.0F).pad(128).put(2.0F);
  const GgufContents contents = parse_gguf(bytes.bytes(), "test");
  EXPECT_EQ(read_float32(contents.tensors[1]), (std::vector<float>{2.0F}));
}

TEST(GgufWriter, WritesWhatIsReadBack) {
  TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(values));
  GgufKeys keys;
  keys.text("general.architecture", "llama");
  keys.u32("n", 7);
  keys.f32("f", 0.1);
  keys.boolean("b", true);
  keys.array("tokens", GgufType::kString, {"a", "b\xFF"});
  for (const auto& [type, value] : std::vector<std::pair<GgufType, nlohmann::json>>{{GgufType::kU8, 1},
                                                                                    {GgufType::kI8, -1},
                                                                                    {GgufType::kU16, 2},
                                                                                    {GgufType::kI16, -2},
                                                                                    {GgufType::kI32, -3},
                                                                                    {GgufType::kU64, 4},
                                                                                    {GgufType::kI64, -4},
                                                                                    {GgufType::kF64, 0.5}}) {
    keys.copy({"copied." + std::to_string(static_cast<int>(type)), type}, value);
  }
  const std::vector<TensorToWrite> tensors = {
      {"a", ElementType::kF32, {2, 2}, [&] { return bytes.first(16); }},
      {"scalar", ElementType::kF32, {}, [&] { return bytes.subspan(16, 4); }},
      {"b", ElementType::kF32, {1}, [&] { return bytes.subspan(20, 4); }}};
  const auto path = folder.path() / "model.gguf";
  EXPECT_EQ(write_gguf(path, keys, tensors), std::filesystem::file_size(path));
  write_gguf(folder.path() / "again.gguf", keys, tensors);
  EXPECT_EQ(read_file(path), read_file(folder.path() / "again.gguf"));
  const auto store = open_gguf(path);
  EXPECT_EQ(store->keys().size(), keys.keys().size());
  for (std::size_t i = 0; i < keys.keys().size(); ++i) {
    EXPECT_EQ(store->keys()[i].name, keys.keys()[i].name);
    EXPECT_EQ(store->keys()[i].type, keys.keys()[i].type);
  }
  EXPECT_EQ(store->metadata()["tokens"], keys.values()["tokens"]);
  EXPECT_EQ(store->metadata()["f"].get<float>(), 0.1F);
  EXPECT_EQ(store->metadata()["copied.11"], -4);
  EXPECT_EQ(read_float32(store->get("a")), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(read_float32(store->get("b")), (std::vector<float>{6}));
  EXPECT_EQ(store->get("scalar").shape, (std::vector<std::int64_t>{1}));
}

TEST(GgufWriter, RefusesWhatTheFormatCannotSay) {
  TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  const std::vector<float> values(4, 1.0F);
  const TensorToWrite good = {"a", ElementType::kF32, {4}, [&] { return std::as_bytes(std::span(values)); }};
  const auto write = [&](const GgufKeys& keys, std::vector<TensorToWrite> tensors) {
    return refusal([&] { write_gguf(path, keys, tensors); }, ErrorKind::kUsage);
  };
  TensorToWrite bad = good;
  bad.type = ElementType::kU8;
  EXPECT_NE(write({}, {bad}).find("no place"), std::string::npos);
  bad = good;
  bad.shape = {1, 1, 1, 1, 4};
  EXPECT_NE(write({}, {bad}).find("no place"), std::string::npos);
  EXPECT_NE(write({}, {good, good}).find("given twice"), std::string::npos);
  bad = good;
  bad.shape = {5};
  EXPECT_NE(refusal([&] { write_gguf(path, {}, {bad}); }, ErrorKind::kFailed).find("instead of"),
            std::string::npos);
  GgufKeys keys;
  keys.copy({"k", GgufType::kU32}, "text");
  EXPECT_NE(write(keys, {}).find("another type"), std::string::npos);
  GgufKeys nested;
  nested.array("k", GgufType::kArray, {1});
  EXPECT_NE(write(nested, {}), "accepted");
  EXPECT_THROW(keys.u32("big", std::int64_t{1} << 40), Error);
  EXPECT_THROW(keys.boolean("k", true), Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace everform
