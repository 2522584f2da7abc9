// LoRA (Hu et al. 2021, arXiv 2106.09685): W + (alpha/r) B A on chosen linear maps.
#pragma once

#include <cstdint>
#include <map>
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

/// A [r, in] is drawn from N(0, 1/r), B [out, r] is zero, so that training begins at the model itself.
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
  void add_to_weights(double sign);

  LoraOptions options_;
  std::shared_ptr<Transformer> model_;
  std::vector<std::shared_ptr<Site>> sites_;
  std::vector<torch::Tensor> frozen_;
  bool merged_ = false;
};

}  // namespace everform
