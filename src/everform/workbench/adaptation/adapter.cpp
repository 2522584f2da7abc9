#include "everform/workbench/adaptation/adapter.h"

#include <torch/types.h>

#include "everform/core/base/error.h"
#include "everform/core/io/config_keys.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/safetensors.h"
#include "everform/workbench/adaptation/lora.h"
#include "everform/workbench/adaptation/prompt_tuning.h"
#include "everform/workbench/models/weights_io.h"

namespace everform {

namespace {

constexpr const char* kSettingsKey = "everform.adapter";

nlohmann::json read_settings(const TensorStore& store) {
  const auto found = store.metadata().find(kSettingsKey);
  if (found == store.metadata().end() || !found->is_string()) {
    throw Error(ErrorKind::kBadInput, "reading the adapter " + store.path().string(),
                std::string("its metadata has no \"") + kSettingsKey + "\"",
                "give a file that an adapter was saved to");
  }
  return parse_json(found->get<std::string>(), "reading the adapter " + store.path().string());
}

std::unique_ptr<Adapter> make_adapter(const nlohmann::json& settings, const std::string& where) {
  ConfigKeys keys(settings, where);
  const std::string kind = keys.text("kind", "");
  if (kind == "lora") {
    return std::make_unique<Lora>(lora_options(settings, where));
  }
  if (kind == "prompt-tuning") {
    return std::make_unique<PromptTuning>(prompt_tuning_options(settings, where));
  }
  keys.fail("kind", "is \"" + printable(kind) + "\"; lora and prompt-tuning are known");
}

}  // namespace

std::int64_t Adapter::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : parameters()) {
    count += parameter.numel();
  }
  return count;
}

void Adapter::save(const std::filesystem::path& file) const {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, parameter] : parameters()) {
    tensors.push_back(to_stored(name, parameter));
  }
  write_safetensors(file, tensors, {{kSettingsKey, json_to_text(settings())}});
}

void Adapter::load(const std::filesystem::path& file) {
  const auto store = open_tensor_store(file);
  const std::string where = "loading the adapter " + file.string();
  if (read_settings(*store).value("kind", "") != kind()) {
    throw Error(ErrorKind::kBadInput, where, "it is not of the kind " + kind());
  }
  if (store->tensors().size() != parameters().size()) {
    throw Error(ErrorKind::kBadInput, where,
                "it has " + std::to_string(store->tensors().size()) + " tensors, this adapter has " +
                    std::to_string(parameters().size()),
                "attach an adapter with the file's own settings");
  }
  const torch::NoGradGuard no_grad;
  for (auto [name, parameter] : parameters()) {
    const torch::Tensor stored = to_torch(store->get(name));
    if (stored.sizes() != parameter.sizes()) {
      throw Error(ErrorKind::kBadInput, where, "\"" + name + "\" has another shape than in this model",
                  "use it with the model that it was trained on");
    }
    parameter.copy_(stored);
  }
}

std::unique_ptr<Adapter> load_adapter(const std::filesystem::path& file, std::shared_ptr<Transformer> model) {
  const nlohmann::json settings = read_settings(*open_tensor_store(file));
  auto adapter = make_adapter(settings, "reading the adapter " + file.string());
  adapter->attach(std::move(model));
  adapter->load(file);
  return adapter;
}

FrozenParameters::FrozenParameters(const torch::nn::Module& module) {
  for (torch::Tensor parameter : module.parameters()) {
    if (parameter.requires_grad()) {
      parameter.requires_grad_(false);
      parameters_.push_back(parameter);
    }
  }
}

FrozenParameters::~FrozenParameters() {
  for (torch::Tensor& parameter : parameters_) {
    parameter.requires_grad_(true);
  }
}

}  // namespace everform
