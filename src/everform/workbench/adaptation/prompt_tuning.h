// Prompt tuning (Lester et al. 2021, arXiv 2104.08691): trained vectors before every sequence, the model
// frozen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "everform/workbench/adaptation/adapter.h"

namespace everform {

struct PromptTuningOptions {
  std::int64_t count = 20;  ///< prefix vectors
  /// The vectors begin as the embeddings of these tokens, repeated as needed; empty: drawn from the token
  /// table.
  std::vector<std::int64_t> initial_tokens;
  std::uint64_t seed = 0;
};

/// Options from the settings() of an adapter. Throws Error{kBadInput} at `where`.
PromptTuningOptions prompt_tuning_options(const nlohmann::json& settings, const std::string& where);

/// The prefix takes the first positions and is not in the model's output. It has no merged form.
class PromptTuning : public Adapter {
 public:
  explicit PromptTuning(PromptTuningOptions options);
  ~PromptTuning() override;

  std::string kind() const override { return "prompt-tuning"; }
  void attach(std::shared_ptr<Transformer> model) override;
  void detach() override;
  std::vector<std::pair<std::string, torch::Tensor>> parameters() const override;
  void merge() override;
  void unmerge() override;
  bool merged() const override { return false; }
  nlohmann::json settings() const override;

 private:
  PromptTuningOptions options_;
  std::shared_ptr<Transformer> model_;
  torch::Tensor prefix_;
  std::unique_ptr<FrozenParameters> frozen_;
};

}  // namespace everform
