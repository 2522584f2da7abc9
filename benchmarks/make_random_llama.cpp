// Writes a GGUF file with the shape of a published LLaMA and random weights, to measure speed on shapes whose
// real weights are not at hand:
//
//   make_random_llama OUT.gguf q4_0|q4_k|q8_0|bf16|... [tinyllama-1.1b]
//
// The head is Q6_K in files of fewer than 8 bits. Weights are normal with variance 1/inputs, so that
// activations and logits stay near 1. The vocabulary is made up, pieces of up to three letters over a byte
// fallback. One tensor is in memory at a time.

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/gguf_config.h"
#include "everform/core/io/gguf_keys.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/quantize.h"
#include "everform/core/io/stored_form.h"
#include "everform/domains/language/published_decoders.h"

namespace everform {
namespace {

/// A decoder whose tensors are drawn when they are asked for.
class RandomDecoder final : public DecoderCheckpoint {
 public:
  explicit RandomDecoder(TransformerConfig config) : config_(std::move(config)) {
    for (NamedShape& tensor : transformer_tensors(config_)) {
      names_.push_back(tensor.name);
      shapes_[tensor.name] = tensor.shape;
    }
  }

  const TransformerConfig& config() const override { return config_; }
  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& name) const override { return shapes_.contains(name); }
  ElementType type(const std::string& /*name*/) override { return ElementType::kF32; }
  const std::filesystem::path& path() const override { return path_; }
  const nlohmann::json& metadata() const override { return metadata_; }

  TensorView tensor(const std::string& name) override {
    const std::vector<std::int64_t>& shape = shapes_.at(name);
    const bool matrix = shape.size() == 2;
    const auto columns = static_cast<std::size_t>(shape.back());
    const auto rows = matrix ? static_cast<std::size_t>(shape.front()) : 1;
    values_.assign(rows * columns, 1.0F);
    if (matrix) {
      const double spread = name.find("embed_tokens") != std::string::npos
                                ? 1.0
                                : 1.0 / std::sqrt(static_cast<double>(columns));
      default_pool().parallel_for(rows, 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) {
          RandomStream random(0, name, r);
          for (std::size_t c = 0; c < columns; ++c) {
            values_[r * columns + c] = static_cast<float>(spread * random.normal());
          }
        }
      });
    }
    return {name, ElementType::kF32, shape, std::as_bytes(std::span(values_))};
  }

 private:
  TransformerConfig config_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
  std::vector<float> values_;
  std::filesystem::path path_ = "random";
  nlohmann::json metadata_ = nlohmann::json::object();
};

/// Specials, bytes, printable characters, then pieces of two and three letters with and without a space
/// before them.
std::vector<std::string> made_up_pieces(std::size_t count) {
  std::vector<std::string> pieces = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    pieces.emplace_back(text);
  }
  const std::string space = "\u2581";
  pieces.push_back(space);
  for (char c = '!'; c <= '~'; ++c) {
    pieces.emplace_back(1, c);
  }
  std::vector<std::string> longer = {""};
  for (int length = 1; length <= 3; ++length) {
    std::vector<std::string> next;
    for (const std::string& stem : longer) {
      for (char c = 'a'; c <= 'z'; ++c) {
        next.push_back(stem + c);
        if (length > 1) {
          pieces.push_back(next.back());
        }
        pieces.push_back(space + next.back());
      }
    }
    longer = std::move(next);
  }
  pieces.resize(std::min(pieces.size(), count));
  while (pieces.size() < count) {
    pieces.push_back("<unused" + std::to_string(pieces.size()) + ">");
  }
  return pieces;
}

void add_vocabulary(std::size_t count, GgufKeys& keys) {
  constexpr int kNormal = 1;
  constexpr int kUnknown = 2;
  constexpr int kControl = 3;
  constexpr int kByte = 6;
  nlohmann::json::array_t tokens;
  nlohmann::json::array_t scores;
  nlohmann::json::array_t types;
  for (const std::string& piece : made_up_pieces(count)) {
    const std::size_t id = tokens.size();
    types.push_back(id == 0 ? kUnknown : id < 3 ? kControl : id < 259 ? kByte : kNormal);
    scores.push_back(id < 259 ? 0.0 : -static_cast<double>(id));
    tokens.push_back(piece);
  }
  keys.text("tokenizer.ggml.model", "llama");
  keys.array("tokenizer.ggml.tokens", GgufType::kString, std::move(tokens));
  keys.array("tokenizer.ggml.scores", GgufType::kF32, std::move(scores));
  keys.array("tokenizer.ggml.token_type", GgufType::kI32, std::move(types));
  keys.u32("tokenizer.ggml.bos_token_id", 1);
  keys.u32("tokenizer.ggml.eos_token_id", 2);
  keys.u32("tokenizer.ggml.unknown_token_id", 0);
}

void write(const std::string& out, const std::string& type_name, const std::string& shape) {
  const auto type = element_type_from_name(type_name);
  const PublishedDecoder* published = find_published_decoder(shape);
  if (!type || !can_quantize(*type) || published == nullptr) {
    throw Error(ErrorKind::kUsage, "make_random_llama",
                published == nullptr ? "there is no shape " + shape : "there is no type " + type_name);
  }
  TransformerConfig config = read_hf_config(parse_json(published->config, shape), shape);
  config.bos = 1;
  config.eos = {2};
  RandomDecoder decoder(config);
  const Architecture* architecture = find_architecture("llama");
  const auto choose = [&](const StoredRole& role) {
    if (role.shape.size() < 2) {
      return ElementType::kF32;
    }
    const bool head = role.canonical == "lm_head.weight";
    return head && is_quantized(*type) && *type != ElementType::kQ8_0 ? ElementType::kQ6_K : *type;
  };
  GgufKeys keys;
  write_gguf_config(config, *architecture, keys);
  keys.u32("general.quantization_version", 2);
  keys.text("general.name", shape + " with random weights");
  add_vocabulary(static_cast<std::size_t>(config.vocabulary), keys);
  const std::size_t bytes =
      write_gguf(out, keys, to_stored_form(decoder, architecture->gguf_tensors(config), choose));
  std::printf("%s: %zu bytes\n", out.c_str(), bytes);
}

}  // namespace
}  // namespace everform

int main(int count, char** arguments) {
  if (count < 3 || count > 4) {
    std::fprintf(stderr, "make_random_llama OUT.gguf TYPE [SHAPE]\n");
    return 2;
  }
  try {
    everform::write(arguments[1], arguments[2], count > 3 ? arguments[3] : "tinyllama-1.1b");
  } catch (const everform::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_status();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
