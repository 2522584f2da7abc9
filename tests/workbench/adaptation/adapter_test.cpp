#include "everform/workbench/adaptation/adapter.h"

#include <gtest/gtest.h>

#include <map>

#include "everform/core/base/error.h"
#include "everform/core/io/safetensors.h"
#include "everform/workbench/adaptation/lora.h"
#include "everform/workbench/adaptation/prompt_tuning.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/models/small_configs.h"

namespace everform {
namespace {

std::shared_ptr<Transformer> small_model() {
  auto model = std::make_shared<Transformer>(test::small_configs().at("llama"));
  test::randomise(*model, 3);
  return model;
}

torch::Tensor some_tokens() {
  return torch::tensor({{1, 5, 9, 2, 7, 11}, {3, 3, 8, 0, 4, 22}}, at::kLong);
}

torch::Tensor logits(Transformer& model) {
  return model.logits(model.forward({.tokens = some_tokens()}));
}

double gap(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

std::map<std::string, torch::Tensor> snapshot(const Transformer& model) {
  std::map<std::string, torch::Tensor> out;
  for (const auto& parameter : model.named_parameters()) {
    out[parameter.key()] = parameter.value().detach().clone();
  }
  return out;
}

void expect_unchanged(const Transformer& model, const std::map<std::string, torch::Tensor>& before) {
  for (const auto& parameter : model.named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), before.at(parameter.key()))) << parameter.key();
    EXPECT_TRUE(parameter.value().requires_grad()) << parameter.key();
  }
}

/// A few steps of plain gradient descent towards one token; returns the loss before and after.
std::pair<double, double> train(Transformer& model, const Adapter& adapter, double rate) {
  std::vector<double> losses;
  for (int step = 0; step < 20; ++step) {
    const torch::Tensor loss = -torch::log_softmax(logits(model), -1).select(-1, 6).mean();
    losses.push_back(loss.item<double>());
    loss.backward();
    const torch::NoGradGuard no_grad;
    for (auto [name, parameter] : adapter.parameters()) {
      parameter -= rate * parameter.grad();
      parameter.mutable_grad() = torch::Tensor();
    }
  }
  return {losses.front(), losses.back()};
}

void fill(const Adapter& adapter) {
  const torch::NoGradGuard no_grad;
  for (auto [name, parameter] : adapter.parameters()) {
    fill_normal(parameter, 9, name, 0.2);
  }
}

TEST(LoraAdapter, BeginsAtTheModelTrainsOnlyItsOwnAndLeavesNoTrace) {
  const auto model = small_model();
  const auto before = snapshot(*model);
  const torch::Tensor plain = logits(*model).detach();
  {
    Lora lora({.rank = 4, .alpha = 8.0});
    lora.attach(model);
    EXPECT_LT(gap(logits(*model), plain), 1e-5);
    // q_proj 16 -> 16 and v_proj 16 -> 8 in two blocks.
    EXPECT_EQ(lora.parameter_count(), 2 * (4 * (16 + 16) + 4 * (16 + 8)));
    const auto [first, last] = train(*model, lora, 0.5);
    EXPECT_LT(last, 0.9 * first);
    for (const auto& parameter : model->named_parameters()) {
      EXPECT_FALSE(parameter.value().grad().defined()) << parameter.key();
    }
    EXPECT_GT(gap(logits(*model), plain), 0.1);
  }
  expect_unchanged(*model, before);
  EXPECT_TRUE(torch::equal(logits(*model), plain));
}

TEST(LoraAdapter, MergedEqualsAttachedAndUnmergingRestoresEveryBit) {
  const auto model = small_model();
  const auto before = snapshot(*model);
  Lora lora({.rank = 3, .alpha = 6.0, .targets = {"q_proj", "o_proj", "down_proj"}});
  lora.attach(model);
  fill(lora);
  const torch::NoGradGuard no_grad;
  const torch::Tensor attached = logits(*model);
  lora.merge();
  EXPECT_TRUE(lora.merged());
  EXPECT_LT(gap(logits(*model), attached), 1e-4);
  EXPECT_FALSE(torch::equal(model->model->layers[0]->mlp->down_proj->weight,
                            before.at("model.layers.0.mlp.down_proj.weight")));
  lora.unmerge();
  EXPECT_TRUE(torch::equal(logits(*model), attached));
  lora.merge();
  lora.detach();
  expect_unchanged(*model, before);
}

TEST(LoraAdapter, TheFormulaIsWPlusAlphaOverRankBA) {
  const auto model = small_model();
  Lora lora({.rank = 2, .alpha = 10.0, .targets = {"up_proj"}});
  lora.attach(model);
  fill(lora);
  const auto parameters = lora.parameters();
  ASSERT_EQ(parameters[0].first, "model.layers.0.mlp.up_proj.lora_a");
  const Linear& linear = *model->model->layers[0]->mlp->up_proj;
  const torch::Tensor x = torch::ones({1, 16});
  const torch::Tensor weight = linear.weight + 5.0 * at::matmul(parameters[1].second, parameters[0].second);
  EXPECT_LT(gap(linear.forward(x), at::matmul(x, weight.t())), 1e-5);
}

TEST(PromptTuningAdapter, TrainsOnlyItsPrefixAndLeavesNoTrace) {
  const auto model = small_model();
  const auto before = snapshot(*model);
  const torch::Tensor plain = logits(*model).detach();
  {
    PromptTuning prompt({.count = 5, .initial_tokens = {4, 9}});
    prompt.attach(model);
    EXPECT_EQ(prompt.parameter_count(), 5 * 16);
    const torch::Tensor prefix = prompt.parameters()[0].second;
    EXPECT_TRUE(torch::equal(prefix[2], model->model->embed_tokens->weight[4]));
    EXPECT_EQ(logits(*model).sizes(), plain.sizes());
    const auto [first, last] = train(*model, prompt, 0.5);
    EXPECT_LT(last, 0.95 * first);
    EXPECT_THROW(prompt.merge(), Error);
    PromptTuning second({.count = 2});
    EXPECT_THROW(second.attach(model), Error);
  }
  expect_unchanged(*model, before);
  EXPECT_TRUE(torch::equal(logits(*model), plain));
}

TEST(Adapters, ASavedOneIsMadeAgainFromItsFile) {
  const test::TemporaryFolder folder;
  const auto model = small_model();
  std::map<std::string, torch::Tensor> expected;
  {
    Lora lora({.rank = 2, .alpha = 3.0, .targets = {"k_proj"}});
    lora.attach(model);
    fill(lora);
    expected["lora"] = logits(*model).detach();
    lora.save(folder.path() / "lora.safetensors");
  }
  {
    PromptTuning prompt({.count = 3});
    prompt.attach(model);
    fill(prompt);
    expected["prompt-tuning"] = logits(*model).detach();
    prompt.save(folder.path() / "prompt-tuning.safetensors");
  }
  for (const auto& [kind, logits_then] : expected) {
    const auto adapter = load_adapter(folder.path() / (kind + ".safetensors"), model);
    EXPECT_EQ(adapter->kind(), kind);
    EXPECT_TRUE(torch::equal(logits(*model), logits_then)) << kind;
  }
}

TEST(Adapters, RefuseWrongUseAndForeignFiles) {
  const test::TemporaryFolder folder;
  const auto model = small_model();
  Lora lora({.rank = 2, .targets = {"no_such_proj"}});
  EXPECT_THROW(lora.attach(model), Error);
  EXPECT_THROW(lora.merge(), Error);
  EXPECT_THROW(Lora({.rank = 0}), Error);
  EXPECT_THROW(PromptTuning({.count = 0}), Error);
  Lora first({.rank = 2});
  first.attach(model);
  EXPECT_THROW(first.attach(model), Error);
  Lora second({.rank = 2});
  EXPECT_THROW(second.attach(model), Error);
  first.save(folder.path() / "lora.safetensors");
  first.detach();
  Lora wider({.rank = 3});
  wider.attach(model);
  EXPECT_THROW(wider.load(folder.path() / "lora.safetensors"), Error);
  wider.detach();
  PromptTuning prompt({.count = 2});
  prompt.attach(model);
  EXPECT_THROW(prompt.load(folder.path() / "lora.safetensors"), Error);
  write_safetensors(folder.path() / "other.safetensors", {});
  EXPECT_THROW(load_adapter(folder.path() / "other.safetensors", model), Error);
}

TEST(Adapters, RefuseSettingsThatMakeNoSense) {
  const test::TemporaryFolder folder;
  const auto model = small_model();
  for (const char* settings :
       {"{\"kind\":\"lora\",\"rank\":2,\"alpha\":1.0,\"targets\":[7]}", "{\"kind\":\"lora\",\"rank\":2}",
        "{\"kind\":\"lora\",\"rank\":-2,\"alpha\":1.0,\"targets\":[\"q_proj\"]}", "{\"kind\":\"other\"}",
        "[1]", "{"}) {
    const auto file = folder.path() / "adapter.safetensors";
    write_safetensors(file, {}, {{"everform.adapter", settings}});
    EXPECT_THROW(load_adapter(file, model), Error) << settings;
  }
}

}  // namespace
}  // namespace everform
