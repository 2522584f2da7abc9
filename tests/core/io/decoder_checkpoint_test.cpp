#include "everform/core/io/decoder_checkpoint.h"

#include <gtest/gtest.h>

#include "everform/core/recipes/transformer_tensors.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::refusal;
using test::StoredValues;
using test::TemporaryFolder;
using test::tiny_config;

/// A tiny folder of a family and what is stored in it.
class Decoder : public testing::Test {
 protected:
  void make(const TransformerConfig& config) {
    config_ = config;
    stored_ = test::write_tiny_folder(config, folder_.path());
    decoder_ = open_decoder(folder_.path());
  }

  std::vector<float> canonical(const std::string& name) { return read_float32(decoder_->tensor(name)); }

  /// Compares element (row, column) of a canonical [rows, columns] tensor with one of a stored tensor.
  template <typename StoredIndex>
  void expect(const std::string& name, const std::string& stored, StoredIndex index) {
    const TensorView view = decoder_->tensor(name);
    const std::vector<float> values = read_float32(view);
    const std::int64_t columns = view.shape.size() == 2 ? view.shape[1] : 1;
    for (std::int64_t row = 0; row < view.shape[0]; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        ASSERT_EQ(values[static_cast<std::size_t>(row * columns + column)],
                  stored_.at(stored)[static_cast<std::size_t>(index(row, column))])
            << name << " " << row << " " << column;
      }
    }
  }

  TemporaryFolder folder_;
  TransformerConfig config_;
  StoredValues stored_;
  std::unique_ptr<DecoderCheckpoint> decoder_;
};

TEST_F(Decoder, EveryFamilyHandsOutAllCanonicalTensors) {
  for (const std::string& family : test::families()) {
    TemporaryFolder folder;
    const TransformerConfig config = tiny_config(family);
    test::write_tiny_folder(config, folder.path());
    const auto decoder = open_decoder(folder.path());
    EXPECT_TRUE(same_maths(decoder->config(), config)) << family;
    EXPECT_EQ(decoder->metadata()["model_type"], family);
    const std::vector<NamedShape> expected = transformer_tensors(config);
    ASSERT_EQ(decoder->names().size(), expected.size()) << family;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(decoder->names()[i], expected[i].name);
      const TensorView tensor = decoder->tensor(expected[i].name);
      EXPECT_EQ(tensor.shape, expected[i].shape) << family << " " << expected[i].name;
      EXPECT_EQ(tensor.data.size(), static_cast<std::size_t>(expected[i].elements()) * 4);
      EXPECT_EQ(decoder->type(expected[i].name), ElementType::kF32);
    }
  }
}

TEST_F(Decoder, LlamaIsAsItStandsInTheFile) {
  make(tiny_config("llama"));
  expect("model.layers.1.self_attn.q_proj.weight", "model.layers.1.self_attn.q_proj.weight",
         [](auto row, auto column) { return row * 32 + column; });
}

TEST_F(Decoder, Gpt2IsTransposedAndSplit) {
  make(tiny_config("gpt2"));
  const auto part = [](std::int64_t first) {
    return [first](auto row, auto column) { return column * 96 + first + row; };
  };
  expect("model.layers.1.self_attn.q_proj.weight", "transformer.h.1.attn.c_attn.weight", part(0));
  expect("model.layers.1.self_attn.k_proj.weight", "transformer.h.1.attn.c_attn.weight", part(32));
  expect("model.layers.1.self_attn.v_proj.weight", "transformer.h.1.attn.c_attn.weight", part(64));
  expect("model.layers.1.self_attn.v_proj.bias", "transformer.h.1.attn.c_attn.bias",
         [](auto row, auto) { return 64 + row; });
  expect("model.layers.0.self_attn.o_proj.weight", "transformer.h.0.attn.c_proj.weight",
         [](auto row, auto column) { return column * 32 + row; });
  expect("model.layers.0.mlp.up_proj.weight", "transformer.h.0.mlp.c_fc.weight",
         [](auto row, auto column) { return column * 128 + row; });
  expect("model.embed_positions.weight", "transformer.wpe.weight",
         [](auto row, auto column) { return row * 32 + column; });
}

TEST_F(Decoder, GptNeoxAndBloomInterleaveHeadByHead) {
  for (const auto& [family, name] : {std::pair("gpt_neox", "gpt_neox.layers.0.attention.query_key_value"),
                                     std::pair("bloom", "transformer.h.0.self_attention.query_key_value")}) {
    make(tiny_config(family));
    const std::string layer = "model.layers.0.self_attn.";
    int part = 0;
    for (const char* projection : {"q_proj", "k_proj", "v_proj"}) {
      const auto row_of = [part](std::int64_t row) { return row / 8 * 24 + 8 * part + row % 8; };
      expect(layer + projection + ".weight", std::string(name) + ".weight",
             [&](auto row, auto column) { return row_of(row) * 32 + column; });
      expect(layer + projection + ".bias", std::string(name) + ".bias",
             [&](auto row, auto) { return row_of(row); });
      ++part;
    }
  }
}

TEST_F(Decoder, FalconHasOneKeyHeadBehindItsQueries) {
  make(tiny_config("falcon"));
  const std::string stored = "transformer.h.0.self_attention.query_key_value.weight";
  expect("model.layers.0.self_attn.q_proj.weight", stored,
         [](auto row, auto column) { return row * 32 + column; });
  expect("model.layers.0.self_attn.k_proj.weight", stored,
         [](auto row, auto column) { return (32 + row) * 32 + column; });
  expect("model.layers.0.self_attn.v_proj.weight", stored,
         [](auto row, auto column) { return (40 + row) * 32 + column; });
  EXPECT_FALSE(decoder_->has("model.layers.0.post_attention_layernorm.weight"));
}

TEST_F(Decoder, FalconsNewArchitectureGroupsItsHeads) {
  TransformerConfig config = tiny_config("falcon");
  config.kv_heads = 2;
  config.residual = Residual::kParallel;
  make(config);
  const std::string stored = "transformer.h.1.self_attention.query_key_value.weight";
  // Two groups of 32 rows: two query heads, a key head, a value head, 8 rows each.
  expect("model.layers.1.self_attn.q_proj.weight", stored,
         [](auto row, auto column) { return (row / 16 * 32 + row % 16) * 32 + column; });
  expect("model.layers.1.self_attn.k_proj.weight", stored,
         [](auto row, auto column) { return (row / 8 * 32 + 16 + row % 8) * 32 + column; });
  expect("model.layers.1.self_attn.v_proj.weight", stored,
         [](auto row, auto column) { return (row / 8 * 32 + 24 + row % 8) * 32 + column; });
  expect("model.layers.1.input_layernorm.weight", "transformer.h.1.ln_attn.weight",
         [](auto row, auto) { return row; });
  expect("model.layers.1.post_attention_layernorm.weight", "transformer.h.1.ln_mlp.weight",
         [](auto row, auto) { return row; });
}

TEST_F(Decoder, MptStacksItsProjections) {
  make(tiny_config("mpt"));
  const std::string stored = "transformer.blocks.0.attn.Wqkv.weight";
  expect("model.layers.0.self_attn.k_proj.weight", stored,
         [](auto row, auto column) { return (32 + row) * 32 + column; });
  expect("model.layers.0.self_attn.v_proj.weight", stored,
         [](auto row, auto column) { return (64 + row) * 32 + column; });
  // Rows that follow each other in the file are handed out without a copy.
  const TensorView keys = decoder_->tensor("model.layers.0.self_attn.k_proj.weight");
  const TensorView values = decoder_->tensor("model.layers.0.self_attn.v_proj.weight");
  EXPECT_EQ(keys.data.data() + keys.data.size(), values.data.data());
}

TEST_F(Decoder, OptHasTwoUnusedPositions) {
  make(tiny_config("opt"));
  EXPECT_EQ(decoder_->tensor("model.embed_positions.weight").shape, (std::vector<std::int64_t>{26, 32}));
  expect("model.layers.0.post_attention_layernorm.weight", "model.decoder.layers.0.final_layer_norm.weight",
         [](auto row, auto) { return row; });
}

/// A tiny folder whose tensors a test changes before it is opened.
class Changed : public testing::Test {
 protected:
  using Change = std::function<void(std::vector<TensorToWrite>&)>;

  std::string open(const TransformerConfig& config, const Change& change) {
    TemporaryFolder folder;
    const StoredValues stored = test::write_tiny_folder(config, folder.path());
    std::vector<TensorToWrite> tensors;
    {
      const auto store = open_tensor_store(folder.path());
      for (const TensorView& tensor : store->tensors()) {
        tensors.push_back({tensor.name, tensor.type, tensor.shape,
                           [&values = stored.at(tensor.name)] { return std::as_bytes(std::span(values)); }});
      }
    }
    change(tensors);
    write_safetensors(folder.path() / "model.safetensors", tensors);
    return refusal([&] { open_decoder(folder.path()); });
  }

  TensorToWrite extra(const std::string& name) {
    return {name, ElementType::kF32, {4}, [this] { return std::as_bytes(std::span(values_)); }};
  }

  std::vector<float> values_ = {1, 2, 3, 4};
};

TEST_F(Changed, MissingForeignAndMisshapenTensorsAreRefused) {
  const TransformerConfig llama = tiny_config("llama");
  EXPECT_EQ(open(llama, [](auto&) {}), "accepted");
  EXPECT_NE(open(llama, [](auto& t) { t.pop_back(); }).find("is missing"), std::string::npos);
  EXPECT_NE(open(llama, [&](auto& t) { t.push_back(extra("model.layers.2.mlp.up_proj.weight")); })
                .find("belongs to nothing"),
            std::string::npos);
  EXPECT_NE(open(llama, [](auto& t) { std::swap(t[0].shape[0], t[0].shape[1]); }).find("has shape"),
            std::string::npos);
  EXPECT_NE(open(llama, [](auto& t) { t[0].type = ElementType::kI32; }).find("holds no weights"),
            std::string::npos);
}

TEST_F(Changed, BuffersAndCopiesThatFamiliesSaveAreIgnored) {
  EXPECT_EQ(open(tiny_config("llama"),
                 [&](auto& t) { t.push_back(extra("model.layers.0.self_attn.rotary_emb.inv_freq")); }),
            "accepted");
  EXPECT_EQ(open(tiny_config("gpt2"), [&](auto& t) { t.push_back(extra("transformer.h.0.attn.bias")); }),
            "accepted");
  EXPECT_EQ(open(tiny_config("gpt2"), [&](auto& t) { t.push_back(extra("lm_head.weight")); }), "accepted");
  EXPECT_EQ(open(tiny_config("gpt_neox"),
                 [&](auto& t) { t.push_back(extra("gpt_neox.layers.1.attention.masked_bias")); }),
            "accepted");
  EXPECT_NE(open(tiny_config("llama"), [&](auto& t) { t.push_back(extra("model.layers.0.attn.bias")); }),
            "accepted");
}

TEST_F(Changed, FilesOfABareStackLackThePrefix) {
  const std::string prefix = "transformer.";
  EXPECT_EQ(open(tiny_config("gpt2"),
                 [&](auto& tensors) {
                   for (TensorToWrite& tensor : tensors) {
                     tensor.name.erase(0, tensor.name.starts_with(prefix) ? prefix.size() : 0);
                   }
                 }),
            "accepted");
}

TEST(OpenDecoder, EverformsOwnFolder) {
  TemporaryFolder folder;
  TransformerConfig config = tiny_config("llama");
  config.architecture = "everform";
  config.head_bias = true;  // no family of transformers has one here
  write_file(folder.path() / "config.json", to_json(config).dump());
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    values.emplace_back(static_cast<std::size_t>(tensor.elements()), 0.5F);
  }
  std::size_t i = 0;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    tensors.push_back({tensor.name, ElementType::kF32, tensor.shape,
                       [&value = values[i++]] { return std::as_bytes(std::span(value)); }});
  }
  write_safetensors(folder.path() / "model.safetensors", tensors);
  EXPECT_EQ(open_decoder(folder.path())->config(), config);
  EXPECT_EQ(open_decoder(folder.path() / "model.safetensors")->config(), config);
  tensors.pop_back();
  write_safetensors(folder.path() / "model.safetensors", tensors);
  EXPECT_NE(refusal([&] { open_decoder(folder.path()); }).find("lm_head.bias"), std::string::npos);
}

TEST(OpenDecoder, RefusesWhatIsNoDecoder) {
  TemporaryFolder folder;
  EXPECT_NE(refusal([&] { open_decoder(folder.path() / "absent"); }, ErrorKind::kMissing), "accepted");
  EXPECT_NE(refusal([&] { open_decoder(folder.path()); }, ErrorKind::kMissing), "accepted");
  test::write_tiny_folder(tiny_config("llama"), folder.path());
  std::filesystem::remove(folder.path() / "config.json");
  EXPECT_NE(refusal([&] { open_decoder(folder.path()); }, ErrorKind::kMissing).find("config.json"),
            std::string::npos);
  write_file(folder.path() / "config.json", R"({"model_type":"bert"})");
  EXPECT_NE(refusal([&] { open_decoder(folder.path()); }).find("encoder"), std::string::npos);
  write_file(folder.path() / "config.json", "{");
  EXPECT_NE(refusal([&] { open_decoder(folder.path()); }).find("JSON"), std::string::npos);
}

TEST(OpenDecoder, RefusesTensorsThatItDoesNotHave) {
  TemporaryFolder folder;
  test::write_tiny_folder(tiny_config("llama"), folder.path());
  const auto decoder = open_decoder(folder.path());
  EXPECT_FALSE(decoder->has("model.layers.9.mlp.up_proj.weight"));
  EXPECT_THROW(decoder->tensor("model.layers.9.mlp.up_proj.weight"), Error);
}

TEST(OpenDecoder, TheBundledModel) {
  const auto path = test::bundled_models() / "smollm2-135m-instruct";
  EVERFORM_NEEDS(path);
  const auto decoder = open_decoder(path);
  EXPECT_EQ(parameter_count(decoder->config()), 134'515'008);
  EXPECT_EQ(decoder->config().rotary.theta, 100000.0);
  EXPECT_EQ(decoder->config().norm_epsilon, 1e-5);
  EXPECT_TRUE(decoder->config().tied);
  EXPECT_EQ(decoder->tensor("model.layers.3.self_attn.q_proj.weight").type, ElementType::kQ4_1);
}

}  // namespace
}  // namespace everform
