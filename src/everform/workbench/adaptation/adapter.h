// A small set of new weights that changes what a frozen model does.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Takes requires_grad off a module's parameters as long as it lives.
class FrozenParameters {
 public:
  explicit FrozenParameters(const torch::nn::Module& module);
  ~FrozenParameters();
  FrozenParameters(const FrozenParameters&) = delete;
  FrozenParameters& operator=(const FrozenParameters&) = delete;

 private:
  std::vector<torch::Tensor> parameters_;  ///< those that had it
};

/// An adapter belongs to one model while it is attached, and leaves the model as it was when it is detached
/// or destroyed.
class Adapter {
 public:
  virtual ~Adapter() = default;
  /// "lora", "prompt-tuning"
  virtual std::string kind() const = 0;

  /// Freezes the model's own parameters (requires_grad off) and puts the adapter's in. Throws Error{kUsage}
  /// where it is attached already or the model has nothing that it applies to.
  virtual void attach(std::shared_ptr<Transformer> model) = 0;
  /// Takes the adapter off; the model's parameters are as before attach().
  virtual void detach() = 0;
  /// The adapter's own parameters with their names, the only ones to train.
  virtual std::vector<std::pair<std::string, torch::Tensor>> parameters() const = 0;

  /// Puts the adapter into the model's own weights, so that it costs nothing; unmerge() takes it out again.
  /// Throws Error{kUsage} where the kind cannot be merged.
  virtual void merge() = 0;
  virtual void unmerge() = 0;
  virtual bool merged() const = 0;

  /// Shape and settings, enough to make the same adapter again: {"kind", ...}.
  virtual nlohmann::json settings() const = 0;

  /// Number of trained weights.
  std::int64_t parameter_count() const;
  /// Writes the adapter alone: one safetensors file with settings() in its metadata.
  void save(const std::filesystem::path& file) const;
  /// Reads the weights of a file that save() wrote into this attached adapter. Throws Error{kBadInput} where
  /// they do not fit.
  void load(const std::filesystem::path& file);
};

/// Makes the adapter that a saved file describes, attaches it to the model and loads its weights.
std::unique_ptr<Adapter> load_adapter(const std::filesystem::path& file, std::shared_ptr<Transformer> model);

}  // namespace everform
