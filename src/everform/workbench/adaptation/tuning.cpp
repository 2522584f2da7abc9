#include "everform/workbench/adaptation/tuning.h"

#include <algorithm>
#include <map>
#include <string>

#include "everform/workbench/adaptation/lora.h"
#include "everform/workbench/adaptation/prompt_tuning.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/next_token.h"

namespace everform {
namespace {

/// An adapter's weights where checkpoints look for weights.
struct AdapterWeights : torch::nn::Module {
  explicit AdapterWeights(const Adapter& adapter) {
    for (auto [name, weight] : adapter.parameters()) {
      std::replace(name.begin(), name.end(), '.', '/');
      register_parameter(name, weight);
    }
  }
};

/// The weights that the run's model.safetensors holds.
std::map<std::string, torch::Tensor> final_weights(const TunedTransformer& tuned) {
  std::map<std::string, torch::Tensor> weights;
  const bool prompt = tuned.adapter != nullptr && tuned.adapter->kind() == "prompt-tuning";
  if (tuned.adapter != nullptr && !prompt) {
    tuned.adapter->merge();
  }
  for (const auto& [name, weight] :
       prompt ? tuned.adapter->parameters() : unique_parameters(*tuned.transformer)) {
    weights[name] = weight.detach().clone();
  }
  if (tuned.adapter != nullptr && !prompt) {
    tuned.adapter->unmerge();
  }
  return weights;
}

}  // namespace

std::unique_ptr<Adapter> make_adapter(const Recipe& recipe, std::uint64_t seed) {
  const std::string& kind = recipe.text("tuning.kind");
  if (kind == "lora") {
    return std::make_unique<Lora>(LoraOptions{recipe.integer("tuning.rank"), recipe.number("tuning.alpha"),
                                              recipe.texts("tuning.targets"), seed});
  }
  return kind == "full" ? nullptr
                        : std::make_unique<PromptTuning>(PromptTuningOptions{
                              .count = recipe.integer("tuning.prompt_tokens"), .seed = seed});
}

void set_tuning(TrainingJob& job, TunedTransformer& tuned) {
  tuned.transformer->to(job.device);
  tuned.adapter = make_adapter(job.recipe, job.seed);
  if (tuned.adapter != nullptr) {
    tuned.adapter->attach(tuned.transformer);
    job.modules["adapter"] = std::make_shared<AdapterWeights>(*tuned.adapter);
  } else {
    job.modules[""] = tuned.transformer;
  }
  NextTokenOptions options;
  for (const auto& [name, weight] :
       tuned.adapter != nullptr ? tuned.adapter->parameters() : unique_parameters(*tuned.transformer)) {
    options.parameters.push_back(weight);
  }
  job.objective = std::make_shared<NextToken>(tuned.transformer, options);
  job.config = to_json(tuned.transformer->config());
  job.final_tensors = [&tuned] { return final_weights(tuned); };
}

double merging_difference(const std::filesystem::path& model, const std::filesystem::path& adapter_file,
                          const std::vector<std::int64_t>& tokens) {
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<Transformer> transformer = load_transformer(model);
  transformer->to(torch::kDouble);
  const std::unique_ptr<Adapter> adapter = load_adapter(adapter_file, transformer);
  const auto logits = [&] {
    TransformerInput input;
    input.tokens = torch::tensor(tokens).unsqueeze(0);
    return transformer->logits(transformer->forward(input));
  };
  const torch::Tensor adapted = logits();
  adapter->merge();
  return (logits() - adapted).abs().max().item<double>();
}

}  // namespace everform
