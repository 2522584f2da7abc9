// The GGUF reader, and what stands on it: configuration, tensor table, vocabulary. A small decoder's file is
// built from the fuzz data, then damaged; or the data are the file.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstring>

#include "corruption.h"
#include "everform/core/base/error.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/gguf.h"
#include "everform/core/io/gguf_tokenizer_export.h"
#include "memory_file.h"

namespace {

using namespace everform;

constexpr std::uint32_t kTypes[] = {0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 24, 25, 26, 27, 28, 30, 99};

class Builder {
 public:
  explicit Builder(FuzzedDataProvider& data) : data_(data) {}

  std::string build() {
    decoder_keys();
    random_keys();
    decoder_tensors();
    std::string file = "GGUF";
    put(file, data_.ConsumeIntegralInRange<std::uint32_t>(2, data_.ConsumeBool() ? 3 : 4));
    put(file, tensor_count_);
    put(file, key_count_);
    file += keys_ + tensors_;
    file.append((32 - file.size() % 32) % 32, '\0');
    return file + std::string(offset_, '\x2c');
  }

 private:
  template <typename T>
  static void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static void put_string(std::string& out, const std::string& text) {
    put(out, static_cast<std::uint64_t>(text.size()));
    out += text;
  }

  bool llama_like() const { return architecture_ == "llama" || architecture_ == "qwen2"; }

  /// Now and then another number than the one that fits.
  std::uint32_t near(std::uint32_t value) {
    return data_.ConsumeIntegralInRange(0, 60) == 0 ? data_.ConsumeIntegral<std::uint32_t>() : value;
  }

  void key(const std::string& name, std::uint32_t type) {
    put_string(keys_, name);
    put(keys_, type);
    ++key_count_;
  }
  void u32(const std::string& name, std::uint32_t value) {
    key(name, 4);
    put(keys_, near(value));
  }
  void f32(const std::string& name, float value) {
    key(name, 6);
    put(keys_, value);
  }
  void text(const std::string& name, const std::string& value) {
    key(name, 8);
    put_string(keys_, value);
  }

  void decoder_keys() {
    constexpr const char* kArchitectures[] = {"llama",  "qwen2", "gpt2",  "gptneox",
                                              "falcon", "mpt",   "bloom", "other"};
    architecture_ = data_.PickValueInArray(kArchitectures);
    text("general.architecture", architecture_);
    u32(architecture_ + ".block_count", 1);
    u32(architecture_ + ".context_length", 8);
    u32(architecture_ + ".embedding_length", 32);
    u32(architecture_ + ".feed_forward_length", 32);
    u32(architecture_ + ".attention.head_count", 2);
    u32(architecture_ + ".attention.head_count_kv", 2);
    f32(architecture_ +
            (llama_like() ? ".attention.layer_norm_rms_epsilon" : ".attention.layer_norm_epsilon"),
        1e-5F);
    if (architecture_ == "mpt") {
      f32("mpt.attention.max_alibi_bias", 8.0F);
    }
    if (data_.ConsumeBool()) {
      u32("general.alignment", 32);
    }
    vocabulary();
  }

  void strings(const std::string& name, const std::vector<std::string>& values) {
    key(name, 9);
    put(keys_, std::uint32_t{8});
    put(keys_, static_cast<std::uint64_t>(values.size()));
    for (const std::string& value : values) {
      put_string(keys_, value);
    }
  }

  void vocabulary() {
    const bool pieces = data_.ConsumeBool();
    text("tokenizer.ggml.model", pieces ? "llama" : "gpt2");
    text("tokenizer.ggml.pre", "smollm");
    strings("tokenizer.ggml.tokens", {"<s>", "a", "b", "ab", data_.ConsumeRandomLengthString(8)});
    strings("tokenizer.ggml.merges", {"a b"});
    key("tokenizer.ggml.scores", 9);
    put(keys_, std::uint32_t{6});
    put(keys_, std::uint64_t{5});
    for (int i = 0; i < 5; ++i) {
      put(keys_, static_cast<float>(-i));
    }
    u32("tokenizer.ggml.bos_token_id", 0);
    u32("tokenizer.ggml.eos_token_id", 3);
  }

  void random_keys() {
    const int count = data_.ConsumeIntegralInRange(0, 3);
    for (int i = 0; i < count; ++i) {
      const auto type = data_.ConsumeIntegralInRange<std::uint32_t>(0, 13);
      key("extra." + std::to_string(data_.ConsumeIntegralInRange(0, 3)), type);
      if (type == 9) {
        const auto element = data_.ConsumeIntegralInRange<std::uint32_t>(0, 12);
        const auto length = data_.ConsumeIntegralInRange<std::uint64_t>(0, 3);
        put(keys_, element);
        put(keys_, length);
        for (std::uint64_t j = 0; j < length; ++j) {
          value(element);
        }
      } else {
        value(type);
      }
    }
  }

  void value(std::uint32_t type) {
    constexpr std::size_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8, 0};
    if (type == 8) {
      put_string(keys_, data_.ConsumeRandomLengthString(8));
    } else if (type == 7) {
      put(keys_, static_cast<std::uint8_t>(data_.ConsumeBool()));
    } else {
      std::string bytes = data_.ConsumeBytesAsString(kBytes[type]);
      bytes.resize(kBytes[type], '\0');
      keys_ += bytes;
    }
  }

  void tensor(const std::string& name, std::vector<std::uint64_t> dims) {
    const std::uint32_t code = data_.ConsumeIntegralInRange(0, 30) == 0 ? data_.PickValueInArray(kTypes) : 0;
    put_string(tensors_, name);
    put(tensors_, static_cast<std::uint32_t>(dims.size()));
    std::uint64_t elements = 1;
    for (const std::uint64_t dim : dims) {
      put(tensors_, dim);
      elements *= dim;
    }
    put(tensors_, code);
    put(tensors_, std::uint64_t{offset_});
    const auto type = element_type_from_gguf(code);
    const auto per_block = static_cast<std::uint64_t>(type ? block_elements(*type) : 1);
    const std::uint64_t bytes =
        elements / per_block * static_cast<std::uint64_t>(type ? block_bytes(*type) : 1);
    offset_ += static_cast<std::size_t>((bytes + 31) / 32 * 32);
    ++tensor_count_;
  }

  void decoder_tensors() {
    const bool biases = data_.ConsumeBool();
    const auto linear = [&](const std::string& name, std::uint64_t in, std::uint64_t out) {
      tensor(name + ".weight", {in, out});
      if (biases) {
        tensor(name + ".bias", {out});
      }
    };
    const auto norm = [&](const std::string& name) {
      tensor(name + ".weight", {32});
      if (!llama_like() && architecture_ != "mpt") {
        tensor(name + ".bias", {32});
      }
    };
    tensor("token_embd.weight", {32, 5});
    if (architecture_ == "gpt2") {
      tensor("position_embd.weight", {32, 8});
    }
    if (architecture_ == "bloom") {
      norm("token_embd_norm");
    }
    if (data_.ConsumeIntegralInRange(0, 7) == 0) {
      tensor("rope_freqs.weight", {8});
    }
    norm("blk.0.attn_norm");
    if (!llama_like()) {
      linear("blk.0.attn_qkv", 32, 96);
    } else {
      linear("blk.0.attn_q", 32, 32);
      linear("blk.0.attn_k", 32, 32);
      linear("blk.0.attn_v", 32, 32);
      linear("blk.0.ffn_gate", 32, 32);
    }
    linear("blk.0.attn_output", 32, 32);
    linear("blk.0.ffn_up", 32, 32);
    linear("blk.0.ffn_down", 32, 32);
    if (architecture_ != "falcon") {
      norm("blk.0.ffn_norm");
    }
    norm("output_norm");
  }

  FuzzedDataProvider& data_;
  std::string architecture_;
  std::string keys_;
  std::string tensors_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
  std::size_t offset_ = 0;
};

void use_store(const std::filesystem::path& path) {
  const std::unique_ptr<GgufStore> store = open_gguf(path);
  if (store->format() != "gguf" || store->keys().size() != store->metadata().size()) {
    std::abort();
  }
  for (const TensorView& tensor : store->tensors()) {
    if (read_float32(tensor).size() != static_cast<std::size_t>(tensor.elements())) {
      std::abort();
    }
  }
  static_cast<void>(export_gguf_tokenizer(store->metadata(), "fuzz"));
}

void use_decoder(const std::filesystem::path& path) {
  const std::unique_ptr<DecoderCheckpoint> decoder = open_decoder(path);
  for (const std::string& name : decoder->names()) {
    static_cast<void>(read_float32(decoder->tensor(name)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  std::string file;
  if (data.ConsumeIntegralInRange(0, 3) == 0) {
    file = data.ConsumeRemainingBytesAsString();
  } else {
    file = Builder(data).build();
    fuzz::corrupt(data, file);
  }
  const fuzz::MemoryFile memory({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
  try {
    use_store(memory.path());
    use_decoder(memory.path());
  } catch (const Error&) {
    // Refusing is what a reader is for.
  }
  return 0;
}
