#include "everform/domains/language/checkpoint_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/core/io/gguf.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/quantize.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform {
namespace {

/// Bytes of one block, put together field by field.
class BlockBytes {
 public:
  BlockBytes& half(float value) {
    const std::uint16_t bits = float_to_half(value);
    return byte(bits & 0xFFU).byte(bits >> 8U);
  }
  BlockBytes& byte(unsigned value, std::size_t count = 1) {
    bytes_.insert(bytes_.end(), count, static_cast<std::byte>(value));
    return *this;
  }
  /// first, first + step, ... in a byte each
  BlockBytes& ramp(int first, int step, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      byte(static_cast<unsigned>(first + step * static_cast<int>(i)) & 0xFFU);
    }
    return *this;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

struct KnownBlock {
  ElementType type;
  BlockBytes block;
  std::function<float(int)> weight;  ///< of index i in the block
};

/// Nibbles of the 32-weight formats: byte j holds j in its low and 15 - j in its high half.
BlockBytes& nibbles(BlockBytes& block) {
  return block.ramp(0xF0, -0x0F, 16);
}
int nibble(int i) {
  return i < 16 ? i : 31 - i;
}

std::vector<KnownBlock> blocks_of_32() {
  BlockBytes q4_0, q4_1, q5_0, q5_1, q8_0;
  nibbles(q4_0.half(0.5F));
  nibbles(q4_1.half(0.5F).half(-2.0F));
  // High bits: set for the odd weights.
  nibbles(q5_0.half(0.25F).byte(0xAA, 4));
  nibbles(q5_1.half(0.25F).half(1.0F).byte(0xAA, 4));
  q8_0.half(0.125F).ramp(-128, 8, 32);
  const auto five_bits = [](int i) { return nibble(i) + (i % 2) * 16; };
  return {{ElementType::kQ4_0, q4_0, [](int i) { return 0.5F * static_cast<float>(nibble(i) - 8); }},
          {ElementType::kQ4_1, q4_1, [](int i) { return 0.5F * static_cast<float>(nibble(i)) - 2.0F; }},
          {ElementType::kQ5_0, q5_0, [=](int i) { return 0.25F * static_cast<float>(five_bits(i) - 16); }},
          {ElementType::kQ5_1, q5_1, [=](int i) { return 0.25F * static_cast<float>(five_bits(i)) + 1.0F; }},
          {ElementType::kQ8_0, q8_0, [](int i) { return 0.125F * static_cast<float>(-128 + 8 * i); }}};
}

/// The 256-weight formats with all scales 2, all minima 3 (where there are some) and one repeated byte of low
/// bits, so that a value only depends on which half, or quarter, of its byte it lies in.
std::vector<KnownBlock> blocks_of_256() {
  // 12 bytes of eight 6-bit scales and minima: the first four of each stand in bytes 0-3 and 4-7, the last
  // four have their low 4 bits in bytes 8-11 (minimum above scale).
  const auto scales = [](BlockBytes& block) -> BlockBytes& {
    return block.byte(2, 4).byte(3, 4).byte(0x32, 4);
  };
  BlockBytes q2, q3, q4, q5, q6;
  q2.byte(0x32, 16).byte(0xE4, 64).half(0.5F).half(0.25F);
  // Third bits all set (no 4 taken off); 6-bit scales are stored with 32 added: low half 2, high bits 2.
  q3.byte(0xFF, 32).byte(0xE4, 64).byte(0x22, 8).byte(0xAA, 4).half(0.5F);
  scales(q4.half(0.5F).half(0.25F)).byte(0x5A, 128);
  scales(q5.half(0.5F).half(0.25F)).byte(0xFF, 32).byte(0x5A, 128);
  q6.byte(0x5A, 128).byte(0xE4, 64).byte(2, 16).half(0.5F);
  const auto quarter = [](int i) { return i % 128 / 32; };
  const auto half = [](int i) { return i % 64 < 32 ? 0xA : 0x5; };
  return {
      {ElementType::kQ2_K, q2, [=](int i) { return 0.5F * 2 * static_cast<float>(quarter(i)) - 0.25F * 3; }},
      {ElementType::kQ3_K, q3, [=](int i) { return 0.5F * 2 * static_cast<float>(quarter(i)); }},
      {ElementType::kQ4_K, q4, [=](int i) { return 0.5F * 2 * static_cast<float>(half(i)) - 0.25F * 3; }},
      {ElementType::kQ5_K, q5,
       [=](int i) { return 0.5F * 2 * static_cast<float>(half(i) + 16) - 0.25F * 3; }},
      {ElementType::kQ6_K, q6, [=](int i) {
         const int low = i % 128 < 64 ? 0xA : 0x5;
         return 0.5F * 2 * static_cast<float>(low + 16 * quarter(i) - 32);
       }}};
}

std::vector<KnownBlock> plain_elements() {
  BlockBytes f16, subnormal, bf16, f32;
  f16.half(-1.5F);
  subnormal.byte(1).byte(0);  // the smallest half, 2^-24
  bf16.byte(0xC0).byte(0x3F);
  f32.byte(0).byte(0).byte(0x20).byte(0xC0);
  return {{ElementType::kF16, f16, [](int) { return -1.5F; }},
          {ElementType::kF16, subnormal, [](int) { return std::ldexp(1.0F, -24); }},
          {ElementType::kBF16, bf16, [](int) { return 1.5F; }},
          {ElementType::kF32, f32, [](int) { return -2.5F; }}};
}

TransformerConfig small_llama() {
  TransformerConfig config;
  config.architecture = "llama";
  config.vocabulary = 64;
  config.width = 32;
  config.depth = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_width = 8;
  config.ff_width = 48;
  config.context = 32;
  return config;
}

void write_random_llama(const std::filesystem::path& folder, std::uint64_t seed) {
  const TransformerConfig config = small_llama();
  std::filesystem::create_directories(folder);
  write_file(folder / "config.json", json_to_text(write_hf_config(config, *find_architecture("llama"))));
  std::vector<TensorToWrite> tensors;
  std::vector<float> values;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    tensors.push_back({tensor.name, ElementType::kF32, tensor.shape, [&values, tensor, seed] {
                         values.resize(static_cast<std::size_t>(tensor.elements()));
                         RandomStream(seed, tensor.name).fill_normal(values);
                         return std::as_bytes(std::span<const float>(values));
                       }});
  }
  write_safetensors(folder / "model.safetensors", tensors);
}

/// Whether reading refuses the bytes as bad input.
bool is_refused(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kBadInput;
  }
  return false;
}

bool refuses_gguf(const std::string& file) {
  return is_refused([&] { parse_gguf(std::as_bytes(std::span<const char>(file)), "a damaged GGUF file"); });
}

bool refuses_safetensors(const std::string& file) {
  return is_refused(
      [&] { parse_safetensors(std::as_bytes(std::span<const char>(file)), "a damaged safetensors file"); });
}

/// A safetensors file with this header and `data` bytes of tensors.
std::string safetensors_with(const std::string& header, std::size_t data, std::uint64_t length) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data, '\0');
}

void check_cuts(const std::string& file, bool (*refuses)(const std::string&), const std::string& name,
                CheckCount& count) {
  constexpr std::size_t kCuts = 100;
  for (std::size_t i = 0; i < kCuts; ++i) {
    const std::size_t size = file.size() * i / kCuts;
    count.expect(refuses(file.substr(0, size)), name + " cut to " + std::to_string(size) + " bytes");
  }
  count.expect(!refuses(file), name + " as it is");
}

void check_lying_safetensors(CheckCount& count) {
  const auto expect = [&](const std::string& header, std::size_t data, const std::string& what) {
    count.expect(refuses_safetensors(safetensors_with(header, data, header.size())),
                 "safetensors with " + what);
  };
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  count.expect(!refuses_safetensors(safetensors_with("{" + a + "}", 8, a.size() + 2)),
               "safetensors that does not lie");
  expect("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12, "overlapping tensors");
  expect("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})", 20, "a gap");
  expect("{" + a + "," + a + "}", 8, "a name twice");
  expect("{" + a + "}", 4, "data that end early");
  expect("{" + a + "}", 12, "data that nobody names");
  expect(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8, "a shape larger than its data");
  expect(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
         "a shape that overflows");
  expect(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, "a negative shape");
  expect(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, "offsets backwards");
  expect(R"({"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}})", 8, "an unknown type");
  expect("[1,2]", 0, "a header that is a list");
  for (const std::uint64_t length : {std::uint64_t{1} << 40U, ~std::uint64_t{0}, std::uint64_t{1000}}) {
    count.expect(refuses_safetensors(safetensors_with("{" + a + "}", 8, length)),
                 "safetensors whose header is " + std::to_string(length) + " bytes");
  }
}

void check_lying_gguf(const std::string& file, CheckCount& count) {
  const auto with = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
    std::string damaged = file;
    std::memcpy(damaged.data() + at, &value, bytes);
    return damaged;
  };
  count.expect(refuses_gguf(with(0, 0x12345678, 4)), "GGUF with another magic");
  count.expect(refuses_gguf(with(4, 99, 4)), "GGUF of version 99");
  // After magic and version: the counts of tensors and of keys, then the first key's length.
  for (const std::size_t at : {8U, 16U, 24U}) {
    for (const std::uint64_t lie : {std::uint64_t{1} << 33U, std::uint64_t{1} << 62U, ~std::uint64_t{0}}) {
      count.expect(refuses_gguf(with(at, lie, 8)),
                   "GGUF with " + std::to_string(lie) + " at byte " + std::to_string(at));
    }
  }
}

}  // namespace

CheckCount check_known_blocks() {
  std::vector<KnownBlock> all = blocks_of_32();
  for (const auto& more : {blocks_of_256(), plain_elements()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  CheckCount count;
  for (const KnownBlock& known : all) {
    std::vector<float> weights(static_cast<std::size_t>(block_elements(known.type)));
    dequantize(known.type, known.block.bytes(), weights);
    bool right = true;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      right = right && weights[i] == known.weight(static_cast<int>(i));
    }
    count.expect(right, "a block of " + std::string(element_name(known.type)));
  }
  return count;
}

double q8_0_error_in_half_steps(std::uint64_t seed, std::size_t blocks) {
  constexpr std::size_t kBlock = 32;
  constexpr std::size_t kBlockBytes = 34;
  std::vector<float> weights(blocks * kBlock);
  RandomStream(seed, "q8_0").fill_normal(weights);
  const std::vector<std::byte> packed = quantize(ElementType::kQ8_0, weights, "random rows");
  std::vector<float> unpacked(weights.size());
  dequantize(ElementType::kQ8_0, packed, unpacked);
  double worst = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    std::uint16_t scale = 0;
    std::memcpy(&scale, packed.data() + i / kBlock * kBlockBytes, sizeof scale);
    const double half_step = 0.5 * static_cast<double>(half_to_float(scale));
    worst = std::max(
        worst, std::abs(static_cast<double>(weights[i]) - static_cast<double>(unpacked[i])) / half_step);
  }
  return worst;
}

CheckCount check_exact_round_trip(const std::filesystem::path& folder, std::uint64_t seed) {
  write_random_llama(folder / "first", seed);
  write_gguf_decoder(*open_decoder(folder / "first"), ElementType::kF32, folder / "second.gguf");
  write_hf_folder(*open_decoder(folder / "second.gguf"), ElementType::kF32, folder / "third", false);
  const auto first = open_tensor_store(folder / "first");
  const auto third = open_tensor_store(folder / "third");
  CheckCount count;
  count.expect(first->tensors().size() == third->tensors().size(), "number of tensors");
  for (const TensorView& tensor : first->tensors()) {
    const TensorView* back = third->find(tensor.name);
    const bool same =
        back != nullptr && back->type == tensor.type && back->shape == tensor.shape &&
        std::equal(back->data.begin(), back->data.end(), tensor.data.begin(), tensor.data.end());
    count.expect(same, tensor.name);
  }
  return count;
}

CheckCount check_hostile_files(const std::filesystem::path& folder) {
  CheckCount count;
  const std::string gguf = read_file(folder / "second.gguf");
  check_cuts(gguf, refuses_gguf, "GGUF", count);
  check_cuts(read_file(folder / "first" / "model.safetensors"), refuses_safetensors, "safetensors", count);
  check_lying_safetensors(count);
  check_lying_gguf(gguf, count);
  return count;
}

}  // namespace everform
