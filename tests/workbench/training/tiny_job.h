// A small next-token job that trains in milliseconds, for tests of the training machinery.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/recipes/recipe.h"
#include "everform/workbench/objectives/cross_entropy.h"
#include "everform/workbench/training/trainer.h"

namespace everform::test {

inline constexpr std::int64_t kTinyVocabulary = 11;
inline constexpr std::int64_t kTinyContext = 6;

/// Embedding, one hidden layer over the last two tokens, logits.
class TinyModel : public torch::nn::Module {
 public:
  explicit TinyModel(std::uint64_t seed) {
    embedding = register_parameter("embedding", random(seed, "embedding", {kTinyVocabulary, 8}));
    hidden = register_parameter("hidden", random(seed, "hidden", {16, 16}));
    bias = register_parameter("bias", torch::zeros({16}));
    head = register_parameter("head", random(seed, "head", {kTinyVocabulary, 16}));
    forwards = register_buffer("forwards", torch::zeros({}, at::kLong));
  }

  /// int64 [items, tokens] -> [items, tokens, vocabulary]
  torch::Tensor forward(const torch::Tensor& tokens) const {
    const torch::Tensor now = torch::embedding(embedding, tokens);
    const torch::Tensor before = torch::constant_pad_nd(now, {0, 0, 1, 0}).narrow(1, 0, now.size(1));
    const torch::Tensor x = torch::gelu(torch::linear(torch::cat({now, before}, -1), hidden, bias));
    return torch::linear(x, head);
  }

  torch::Tensor embedding, hidden, bias, head, forwards;

 private:
  static torch::Tensor random(std::uint64_t seed, const char* purpose, std::vector<std::int64_t> shape) {
    torch::Tensor tensor = torch::zeros(shape);
    RandomStream stream(seed, purpose);
    stream.fill_normal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, 0.0F, 0.3F);
    return tensor;
  }
};

/// Cross-entropy with noise on the logits (the same for an item however the batch is split) over the targets
/// that the mask lets count.
class TinyObjective : public Objective {
 public:
  explicit TinyObjective(std::shared_ptr<TinyModel> model) : model_(std::move(model)) {}

  std::vector<Phase> phases() override {
    Phase phase;
    phase.parameters = model_->parameters();
    phase.loss = [this](const Batch& batch, const StepContext& context) {
      torch::Tensor logits = model_->forward(batch.at("tokens"));
      if (context.training) {
        const torch::NoGradGuard no_grad;
        model_->forwards.add_(1);
        logits.add_(noise(logits, context));
      }
      const CrossEntropy sums = cross_entropy_of_logits(logits.flatten(0, 1), batch.at("targets").flatten(),
                                                        batch.at("mask").flatten(), {.count_correct = true});
      return Loss{sums.sum, batch.sum_of("mask"), {{"accuracy", sums.correct}}};
    };
    return {phase};
  }

 private:
  static torch::Tensor noise(const torch::Tensor& logits, const StepContext& context) {
    torch::Tensor noise = torch::zeros(logits.sizes());
    for (std::int64_t item = 0; item < logits.size(0); ++item) {
      torch::Tensor row = noise[item];
      context.random("noise", item)
          .fill_normal({row.data_ptr<float>(), static_cast<std::size_t>(row.numel())}, 0.0F, 0.1F);
    }
    return noise;
  }

  std::shared_ptr<TinyModel> model_;
};

/// Sequences in which the next token is the sum of the last two modulo the vocabulary; items have different
/// numbers of targets.
inline Sample tiny_sample(std::uint64_t seed, std::int64_t step, std::int64_t item) {
  RandomStream random(seed, "tiny", static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(item));
  std::vector<std::int64_t> sequence{static_cast<std::int64_t>(random.below(kTinyVocabulary)),
                                     static_cast<std::int64_t>(random.below(kTinyVocabulary))};
  while (static_cast<std::int64_t>(sequence.size()) <= kTinyContext) {
    sequence.push_back((sequence.back() + sequence[sequence.size() - 2]) % kTinyVocabulary);
  }
  std::vector<std::uint8_t> mask(kTinyContext, 1);
  std::fill_n(mask.begin(), 1 + random.below(3), std::uint8_t{0});
  Sample sample;
  sample.set("tokens", std::vector<std::int64_t>(sequence.begin(), sequence.end() - 1));
  sample.set("targets", std::vector<std::int64_t>(sequence.begin() + 1, sequence.end()));
  sample.set("mask", std::move(mask));
  return sample;
}

inline Recipe tiny_recipe(const std::vector<std::string>& sets = {}) {
  static const RecipeSchema schema = [] {
    RecipeSchema made;
    add_training_keys(made);
    return made;
  }();
  RecipeRequest request;
  request.system = "tiny";
  request.schema = &schema;
  request.built_in =
      "[training]\nsteps = 20\nbatch = 32\nlearning_rate = 0.01\nlog_every = 1\ncheckpoint_every = 10\n";
  request.sets = sets;
  return resolve_recipe(request);
}

/// The disk without waiting for it: for tests that do not ask what survives a crash.
class UnsyncedCalls final : public FileSystemCalls {
 public:
  int sync(int) override { return 0; }
  int sync_directory(const char*) override { return 0; }
};

/// train() without waiting for the disk.
inline TrainingResult train_unsynced(TrainingJob& job, const std::filesystem::path& path, bool resume) {
  UnsyncedCalls calls;
  const bool begun = resume && run_state(path) != RunState::kAbsent;
  RunFolder run =
      begun ? RunFolder::resume(path, job.recipe, calls) : RunFolder::create(path, job.recipe, false, calls);
  return train(job, run);
}

struct TinyJob {
  std::shared_ptr<TinyModel> model;
  TrainingJob job;
};

inline TinyJob tiny_job(const std::vector<std::string>& sets = {}, std::uint64_t seed = 0) {
  TinyJob tiny;
  tiny.model = std::make_shared<TinyModel>(seed);
  tiny.job.name = "tiny";
  tiny.job.recipe = tiny_recipe(sets);
  tiny.job.options = training_options(tiny.job.recipe);
  tiny.job.seed = seed;
  tiny.job.modules[""] = tiny.model;
  tiny.job.objective = std::make_shared<TinyObjective>(tiny.model);
  tiny.job.batches = std::make_shared<GeneratedSource>(
      [seed](std::int64_t step, std::int64_t item) { return tiny_sample(seed, step, item); },
      nlohmann::json{{"kind", "tiny"}, {"seed", seed}});
  tiny.job.progress = false;
  return tiny;
}

}  // namespace everform::test
