#include "everform/workbench/adaptation/prompt_tuning.h"

#include <torch/types.h>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/config_keys.h"

namespace everform {

PromptTuningOptions prompt_tuning_options(const nlohmann::json& settings, const std::string& where) {
  ConfigKeys keys(settings, where);
  keys.expect("kind", "prompt-tuning");
  PromptTuningOptions options;
  options.count = keys.integer("count");
  keys.refuse_others();
  return options;
}

PromptTuning::PromptTuning(PromptTuningOptions options) : options_(std::move(options)) {
  if (options_.count < 1 || options_.count > 65536) {
    throw Error(ErrorKind::kUsage, "making a prompt-tuning adapter",
                std::to_string(options_.count) + " prefix vectors were asked for", "ask for 1 to 65536");
  }
}

PromptTuning::~PromptTuning() {
  detach();
}

void PromptTuning::attach(std::shared_ptr<Transformer> model) {
  if (model_ || model->prefix().defined()) {
    throw Error(ErrorKind::kUsage, "attaching a prompt-tuning adapter", "there is one attached already",
                "detach it first");
  }
  if (!model->model->embed_tokens) {
    throw Error(ErrorKind::kUsage, "attaching a prompt-tuning adapter", "the model has no token table",
                "use a model that reads tokens");
  }
  const torch::Tensor table = model->model->embed_tokens->weight.detach();
  torch::Tensor rows = torch::empty({options_.count}, torch::dtype(at::kLong));
  RandomStream random(options_.seed, "prompt-tuning");
  for (std::int64_t i = 0; i < options_.count; ++i) {
    const auto& initial = options_.initial_tokens;
    rows[i] = initial.empty()
                  ? static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(table.size(0))))
                  : initial[static_cast<std::size_t>(i) % initial.size()];
  }
  prefix_ =
      model->model->embed_tokens->forward(rows.to(table.device())).detach().clone().requires_grad_(true);
  frozen_ = std::make_unique<FrozenParameters>(*model);
  model_ = std::move(model);
  model_->set_prefix(prefix_);
}

void PromptTuning::detach() {
  if (!model_) {
    return;
  }
  model_->set_prefix({});
  frozen_.reset();
  model_.reset();
}

std::vector<std::pair<std::string, torch::Tensor>> PromptTuning::parameters() const {
  if (!model_) {
    return {};
  }
  return {{"prefix", prefix_}};
}

void PromptTuning::merge() {
  throw Error(ErrorKind::kUsage, "merging a prompt-tuning adapter",
              "a prefix has no form as the model's own weights", "keep it attached, or use LoRA");
}

void PromptTuning::unmerge() {}

nlohmann::json PromptTuning::settings() const {
  return {{"kind", kind()}, {"count", options_.count}};
}

}  // namespace everform
