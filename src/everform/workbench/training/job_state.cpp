#include "everform/workbench/training/job_state.h"

#include <set>

#include "everform/core/base/error.h"

namespace everform {
namespace {

using NamesByTensor = std::map<const void*, std::string>;

NamesByTensor names_of(const NamedTensors& tensors) {
  NamesByTensor names;
  for (const auto& [name, tensor] : tensors) {
    names.emplace(tensor.unsafeGetTensorImpl(), name);
  }
  return names;
}

bool is_buffer(const torch::Tensor& tensor, const TrainingJob& job) {
  for (const auto& [prefix, module] : job.modules) {
    for (const torch::Tensor& buffer : module->buffers()) {
      if (buffer.is_same(tensor)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

NamedTensors named_weights(const TrainingJob& job) {
  NamedTensors tensors;
  std::set<const void*> seen;
  const auto add = [&](const std::string& prefix, const std::string& name, const torch::Tensor& tensor) {
    if (tensor.defined() && seen.insert(tensor.unsafeGetTensorImpl()).second) {
      tensors[prefix.empty() ? name : prefix + "." + name] = tensor;
    }
  };
  for (const auto& [prefix, module] : job.modules) {
    for (const auto& item : module->named_parameters()) {
      add(prefix, item.key(), item.value());
    }
    for (const auto& item : module->named_buffers()) {
      add(prefix, item.key(), item.value());
    }
  }
  return tensors;
}

std::vector<torch::Tensor> JobState::trained_parameters(std::vector<PhaseTrainer>& phases) {
  std::vector<torch::Tensor> trained;
  std::set<const void*> seen;
  for (const PhaseTrainer& phase : phases) {
    for (const torch::Tensor& parameter : phase.parameters()) {
      if (seen.insert(parameter.unsafeGetTensorImpl()).second) {
        trained.push_back(parameter);
      }
    }
  }
  return trained;
}

JobState::JobState(const TrainingJob& job, std::vector<PhaseTrainer>& phases, Ema* ema) {
  const NamedTensors weights = named_weights(job);
  NamesByTensor names = names_of(weights);
  const std::vector<torch::Tensor> trained = trained_parameters(phases);
  NamedTensors& saved = files_["weights"];
  std::size_t unnamed = 0;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    // A phase may train what is in no module (a soft prompt): it is saved under its place.
    const auto [entry, added] =
        names.emplace(trained[i].unsafeGetTensorImpl(), "trained." + std::to_string(unnamed));
    unnamed += added ? 1 : 0;
    saved[entry->second] = trained[i];
    if (ema != nullptr) {
      files_["ema"][entry->second] = ema->averages()[i];
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (is_buffer(tensor, job)) {
      saved[name] = tensor;
    }
  }
  for (PhaseTrainer& phase : phases) {
    const OptimizerState& state = phase.optimizer().state();
    for (std::size_t i = 0; i < phase.parameters().size(); ++i) {
      const std::string name = phase.name() + "." + names.at(phase.parameters()[i].unsafeGetTensorImpl());
      if (!state.first_moments.empty()) {
        files_["optimizer"][name + ".first_moment"] = state.first_moments[i];
      }
      if (!state.second_moments.empty()) {
        files_["optimizer"][name + ".second_moment"] = state.second_moments[i];
      }
    }
  }
}

void JobState::restore(const std::map<std::string, NamedTensors>& files, const std::string& where) {
  const torch::NoGradGuard no_grad;
  const auto refuse = [&](const std::string& message) {
    throw Error(ErrorKind::kUsage, where, message, "go on with the recipe that the run began with");
  };
  for (auto& [file, live] : files_) {
    const auto found = files.find(file);
    if (found == files.end() || found->second.size() != live.size()) {
      const std::size_t count = found == files.end() ? 0 : found->second.size();
      refuse("its file \"" + file + "\" holds " + std::to_string(count) + " tensors, this training's " +
             std::to_string(live.size()));
    }
    for (auto& [name, tensor] : live) {
      const auto stored = found->second.find(name);
      if (stored == found->second.end() || stored->second.sizes() != tensor.sizes()) {
        refuse("its tensor \"" + name + "\" in " + file + " is absent or has another shape");
      }
      tensor.copy_(stored->second);
    }
  }
}

std::vector<torch::Tensor> JobState::tensors() const {
  std::vector<torch::Tensor> tensors;
  for (const auto& [file, live] : files_) {
    for (const auto& [name, tensor] : live) {
      tensors.push_back(tensor);
    }
  }
  return tensors;
}

}  // namespace everform
