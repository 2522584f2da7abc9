// LoRA (Hu et al. 2021, arXiv 2106.09685): W + (alpha/r) B A on chosen linear maps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "everform/workbench/adaptation/adapter.h"

namespace everform {

struct LoraOptions {
  std::int64_t rank = 8;
  double alpha = 16.0;
  /// Last parts of the names of the linear maps to adapt.
  std::vector<std::string> targets = {"q_proj", "v_proj"};
  std::uint64_t seed = 0;
};

/// Options from the settings() of an adapter. Throws Error{kBadInput} at `where`.
LoraOptions lora_options(const nlohmann::json& settings, const std::string& where);

/// A [r, in] is drawn from N(0, 1/r), B [out, r] is zero, so that training begins at the model itself.
/// While merged it keeps the original weights, so that unmerge() restores every bit.
class Lora : public Adapter {
 public:
  explicit Lora(LoraOptions options);
  ~Lora() override;

  std::string kind() const override { return "lora"; }
  void attach(std::shared_ptr<Transformer> model) override;
  void detach() override;
  std::vector<std::pair<std::string, torch::Tensor>> parameters() const override;
  void merge() override;
  void unmerge() override;
  bool merged() const override { return merged_; }
  nlohmann::json settings() const override;

 private:
  struct Site;

  LoraOptions options_;
  std::shared_ptr<Transformer> model_;
  std::vector<std::shared_ptr<Site>> sites_;
  std::unique_ptr<FrozenParameters> frozen_;
  bool merged_ = false;
};

}  // namespace everform
