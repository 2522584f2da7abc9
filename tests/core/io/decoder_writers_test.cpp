#include "everform/core/io/decoder_writers.h"

#include <gtest/gtest.h>

#include "everform/core/io/gguf_config.h"
#include "everform/core/io/gguf_keys.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::refusal;
using test::TemporaryFolder;
using test::tiny_config;

class Convert : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& name) const { return folder_.path() / name; }

  std::unique_ptr<DecoderCheckpoint> make(const TransformerConfig& config,
                                          const std::string& name = "source") {
    test::write_tiny_folder(config, at(name));
    return open_decoder(at(name));
  }

  TemporaryFolder folder_;
};

void expect_same_tensors(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto first = open_tensor_store(a);
  const auto second = open_tensor_store(b);
  ASSERT_EQ(first->tensors().size(), second->tensors().size());
  for (const TensorView& tensor : first->tensors()) {
    const TensorView& other = second->get(tensor.name);
    EXPECT_EQ(tensor.type, other.type) << tensor.name;
    EXPECT_EQ(tensor.shape, other.shape) << tensor.name;
    EXPECT_TRUE(std::equal(tensor.data.begin(), tensor.data.end(), other.data.begin(), other.data.end()))
        << tensor.name;
  }
}

TEST_F(Convert, ToGgufAndBackIsByteIdentical) {
  for (const char* family : {"llama", "mistral", "qwen2", "gpt2", "gpt_neox", "bloom", "falcon", "mpt"}) {
    const TransformerConfig config = tiny_config(family);
    const std::string name = family;
    const auto source = make(config, name);
    write_gguf_decoder(*source, ElementType::kF32, at(name + ".gguf"));
    const auto middle = open_decoder(at(name + ".gguf"));
    EXPECT_TRUE(same_maths(middle->config(), config)) << family;
    EXPECT_EQ(middle->config().bos, -1) << "a folder without tokenizer gives a file without token ids";
    write_hf_folder(*middle, std::nullopt, at(name + "-back"), false);
    expect_same_tensors(at(name), at(name + "-back"));
  }
}

TEST_F(Convert, VariantsSurviveGguf) {
  TransformerConfig falcon = tiny_config("falcon");
  falcon.kv_heads = 2;
  falcon.residual = Residual::kParallel;
  TransformerConfig llama3 = tiny_config("llama");
  llama3.rotary = {.theta = 500000.0, .scaling = RotaryScaling::kLlama3, .factor = 8.0};
  TransformerConfig linear = tiny_config("llama");
  linear.rotary.scaling = RotaryScaling::kLinear;
  linear.rotary.factor = 4.0;
  TransformerConfig wide_heads = tiny_config("llama");
  wide_heads.head_width = 16;
  TransformerConfig biased = tiny_config("llama");
  biased.qkv_bias = biased.attention_output_bias = biased.mlp_bias = true;
  TransformerConfig learned = tiny_config("mpt");
  learned.positions = PositionKind::kLearned;
  TransformerConfig sequential = tiny_config("gpt_neox");
  sequential.residual = Residual::kSequential;
  int number = 0;
  for (const TransformerConfig& config : {falcon, llama3, linear, wide_heads, biased, learned, sequential}) {
    const std::string name = "variant" + std::to_string(number++);
    write_gguf_decoder(*make(config, name), std::nullopt, at(name + ".gguf"));
    const auto back = open_decoder(at(name + ".gguf"));
    EXPECT_TRUE(same_maths(back->config(), config))
        << to_json(back->config()).dump() << to_json(config).dump();
    write_hf_folder(*back, std::nullopt, at(name + "-back"), false);
    expect_same_tensors(at(name), at(name + "-back"));
  }
}

TEST_F(Convert, LlamaGgufHoldsInterleavedRows) {
  make(tiny_config("llama"));
  write_gguf_decoder(*open_decoder(at("source")), std::nullopt, at("m.gguf"));
  const auto folder = open_tensor_store(at("source"));
  const auto file = open_tensor_store(at("m.gguf"));
  const std::vector<float> theirs = read_float32(folder->get("model.layers.0.self_attn.k_proj.weight"));
  const std::vector<float> ours = read_float32(file->get("blk.0.attn_k.weight"));
  // For every head of 8: file row 2*i+s is row i+s*4.
  for (int head = 0; head < 2; ++head) {
    for (int i = 0; i < 4; ++i) {
      for (int s = 0; s < 2; ++s) {
        for (int column = 0; column < 32; ++column) {
          EXPECT_EQ(ours[static_cast<std::size_t>((head * 8 + 2 * i + s) * 32 + column)],
                    theirs[static_cast<std::size_t>((head * 8 + i + s * 4) * 32 + column)]);
        }
      }
    }
  }
}

TEST_F(Convert, QuantizedRowsStayQuantizedWhenTheyMove) {
  write_gguf_decoder(*make(tiny_config("llama")), ElementType::kQ4_0, at("m.gguf"));
  const auto decoder = open_decoder(at("m.gguf"));
  const TensorView moved = decoder->tensor("model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(moved.type, ElementType::kQ4_0);
  // The row permutation moves whole block rows.
  const auto store = open_tensor_store(at("m.gguf"));
  const TensorView& stored = store->get("blk.0.attn_q.weight");
  EXPECT_TRUE(std::equal(moved.data.begin() + 18, moved.data.begin() + 36, stored.data.begin() + 36));
  // Writing it again in the same type copies the blocks.
  write_gguf_decoder(*decoder, ElementType::kQ4_0, at("again.gguf"));
  expect_same_tensors(at("m.gguf"), at("again.gguf"));
  write_gguf_decoder(*decoder, std::nullopt, at("kept.gguf"));
  expect_same_tensors(at("m.gguf"), at("kept.gguf"));
}

TEST_F(Convert, TypesFollowTheRules) {
  TransformerConfig config = tiny_config("gpt_neox");
  config.width = 64;
  config.head_width = 16;
  config.ff_width = 256;
  config.rotary.dimensions = 4;
  write_gguf_decoder(*make(config), ElementType::kQ4_K, at("m.gguf"));
  const auto store = open_tensor_store(at("m.gguf"));
  EXPECT_EQ(store->get("blk.0.ffn_down.weight").type, ElementType::kQ4_K);  // rows of 256
  EXPECT_EQ(store->get("blk.0.ffn_up.weight").type, ElementType::kQ5_0);    // rows of 64
  EXPECT_EQ(store->get("blk.0.attn_qkv.weight").type, ElementType::kQ5_0);
  EXPECT_EQ(store->get("output.weight").type, ElementType::kQ8_0);  // Q6_K falls back
  EXPECT_EQ(store->get("token_embd.weight").type, ElementType::kQ5_0);
  EXPECT_EQ(store->get("blk.0.attn_norm.weight").type, ElementType::kF32);
  EXPECT_EQ(store->get("blk.0.ffn_up.bias").type, ElementType::kF32);
  EXPECT_EQ(store->metadata()["general.file_type"], 14);
  EXPECT_EQ(store->metadata()["general.quantization_version"], 2);
  const auto learned = make(tiny_config("gpt2"), "gpt2");
  write_gguf_decoder(*learned, ElementType::kQ4_0, at("gpt2.gguf"));
  EXPECT_EQ(open_tensor_store(at("gpt2.gguf"))->get("position_embd.weight").type, ElementType::kF32);
}

TEST_F(Convert, EveryTypeIsWrittenAndRead) {
  const auto source = make(tiny_config("llama"));
  const std::vector<float> weights = read_float32(source->tensor("model.layers.0.mlp.up_proj.weight"));
  for (const char* name :
       {"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k"}) {
    const auto path = at(std::string(name) + ".gguf");
    const WrittenModel written = write_gguf_decoder(*source, element_type_from_name(name), path);
    EXPECT_EQ(written.bytes, std::filesystem::file_size(path));
    const auto decoder = open_decoder(path);
    const std::vector<float> back = read_float32(decoder->tensor("model.layers.0.mlp.up_proj.weight"));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_NEAR(back[i], weights[i], 0.05F) << name;
    }
  }
}

TEST_F(Convert, FoldersTakeHalves) {
  const auto source = make(tiny_config("llama"));
  const WrittenModel written = write_hf_folder(*source, ElementType::kBF16, at("out"), false);
  EXPECT_EQ(read_json_file(at("out") / "config.json")["torch_dtype"], "bfloat16");
  EXPECT_EQ(open_tensor_store(at("out"))->tensors().size(), written.tensors);
  EXPECT_EQ(open_tensor_store(at("out"))->get("model.norm.weight").type, ElementType::kBF16);
  EXPECT_NE(refusal([&] { write_hf_folder(*source, ElementType::kQ8_0, at("q"), false); }, ErrorKind::kUsage),
            "accepted");
  EXPECT_FALSE(std::filesystem::exists(at("q")));
}

TEST_F(Convert, NeitherOverwritesNorLeavesPartsBehind) {
  const auto source = make(tiny_config("llama"));
  write_hf_folder(*source, std::nullopt, at("out"), false);
  write_file(at("out") / "mine.txt", "keep");
  EXPECT_NE(refusal([&] { write_hf_folder(*source, std::nullopt, at("out"), false); }, ErrorKind::kUsage),
            "accepted");
  EXPECT_TRUE(std::filesystem::exists(at("out") / "mine.txt"));
  write_hf_folder(*source, std::nullopt, at("out"), true);
  EXPECT_FALSE(std::filesystem::exists(at("out") / "mine.txt"));
  write_file(at("file"), "x");
  EXPECT_NE(refusal([&] { write_hf_folder(*source, std::nullopt, at("file"), true); }, ErrorKind::kUsage),
            "accepted");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
  }
}

TEST_F(Convert, WhatNoFormatCanSayIsRefusedOrKeptInOurs) {
  TransformerConfig config = tiny_config("llama");
  config.norm = NormKind::kLayerNorm;  // a gated MLP with layer norms: nobody's
  config.architecture = "everform";
  write_file(at("config.json"), to_json(config).dump());
  std::vector<TensorToWrite> tensors;
  const std::vector<float> zeros(std::size_t{64} * 64, 0.25F);
  for (const NamedShape& tensor : transformer_tensors(config)) {
    const auto bytes = std::as_bytes(std::span(zeros).first(static_cast<std::size_t>(tensor.elements())));
    tensors.push_back({tensor.name, ElementType::kF32, tensor.shape, [bytes] { return bytes; }});
  }
  write_safetensors(at("model.safetensors"), tensors);
  const auto source = open_decoder(folder_.path());
  EXPECT_NE(refusal([&] { write_gguf_decoder(*source, std::nullopt, at("m.gguf")); }, ErrorKind::kUsage),
            "accepted");
  EXPECT_FALSE(std::filesystem::exists(at("m.gguf")));
  write_hf_folder(*source, std::nullopt, at("out"), false);
  EXPECT_EQ(open_decoder(at("out"))->config(), config);
}

TEST_F(Convert, ARunOfAKnownShapeBecomesThatFamily) {
  // Trained here, but a LLaMA in everything: it is written as one.
  TransformerConfig config = tiny_config("llama");
  const Architecture& llama = *find_architecture("llama");
  test::write_tiny_folder(config, at("source"));
  config.architecture = "everform";
  write_file(at("source") / "config.json", to_json(config).dump());
  write_hf_folder(*open_decoder(at("source")), std::nullopt, at("out"), false);
  EXPECT_EQ(read_json_file(at("out") / "config.json")["architectures"][0], llama.hf_class());
  write_gguf_decoder(*open_decoder(at("source")), std::nullopt, at("m.gguf"));
  EXPECT_EQ(open_tensor_store(at("m.gguf"))->metadata()["general.architecture"], "llama");
}

TEST_F(Convert, OptHasNoGguf) {
  const auto source = make(tiny_config("opt"));
  EXPECT_NE(refusal([&] { write_gguf_decoder(*source, std::nullopt, at("m.gguf")); }, ErrorKind::kUsage),
            "accepted");
  write_hf_folder(*source, std::nullopt, at("out"), false);
  expect_same_tensors(at("source"), at("out"));
}

TEST_F(Convert, GgufConfigurationsAreChecked) {
  write_gguf_decoder(*make(tiny_config("llama")), std::nullopt, at("good.gguf"));
  const auto good = open_gguf(at("good.gguf"));
  const auto with = [&](const std::string& key, GgufType type, const nlohmann::json& value) {
    GgufKeys keys;
    for (const GgufKey& old : good->keys()) {
      if (old.name != key) {
        keys.copy(old, good->metadata()[old.name]);
      }
    }
    if (!value.is_null()) {
      keys.copy({key, type}, value);
    }
    std::vector<TensorToWrite> tensors;
    for (const TensorView& tensor : good->tensors()) {
      tensors.push_back({tensor.name, tensor.type, tensor.shape, [data = tensor.data] { return data; }});
    }
    write_gguf(at("changed.gguf"), keys, tensors);
    return refusal([&] { open_decoder(at("changed.gguf")); });
  };
  EXPECT_EQ(with("general.note", GgufType::kString, "hello"), "accepted");
  EXPECT_EQ(with("llama.expert_count", GgufType::kU32, 0), "accepted");
  EXPECT_NE(with("llama.expert_count", GgufType::kU32, 8).find("expert_count"), std::string::npos);
  EXPECT_NE(with("llama.new_thing", GgufType::kU32, 1).find("not understood"), std::string::npos);
  EXPECT_NE(with("llama.rope.scaling.type", GgufType::kString, "yarn").find("yarn"), std::string::npos);
  EXPECT_NE(with("llama.block_count", GgufType::kU32, nullptr).find("missing"), std::string::npos);
  EXPECT_NE(with("llama.block_count", GgufType::kU32, 3).find("missing"), std::string::npos);
  EXPECT_NE(with("llama.block_count", GgufType::kU32, 1).find("belongs to nothing"), std::string::npos);
  EXPECT_NE(with("llama.attention.head_count", GgufType::kU32, 0), "accepted");
  EXPECT_NE(with("llama.vocab_size", GgufType::kU32, 41).find("vocab_size"), std::string::npos);
  EXPECT_NE(with("llama.attention.value_length", GgufType::kU32, 4).find("value_length"), std::string::npos);
  EXPECT_NE(with("general.architecture", GgufType::kString, "rwkv6").find("rwkv6"), std::string::npos);
  EXPECT_NE(with("general.architecture", GgufType::kString, nullptr), "accepted");
  EXPECT_NE(with("split.count", GgufType::kU32, 2).find("several"), std::string::npos);
}

}  // namespace
}  // namespace everform
