#include "everform/workbench/adaptation/lora.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "everform/core/base/error.h"
#include "everform/core/io/config_keys.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/linear.h"

namespace everform {

/// One adapted linear map.
struct Lora::Site : LinearAddition {
  std::string name;
  std::shared_ptr<Linear> linear;
  torch::Tensor a;         ///< [rank, in]
  torch::Tensor b;         ///< [out, rank]
  torch::Tensor original;  ///< the linear map's own weight while merged
  double scale = 1.0;

  torch::Tensor forward(const torch::Tensor& x) const override {
    return at::linear(at::linear(x, a), b) * scale;
  }
};

namespace {

void check(const LoraOptions& options) {
  if (options.rank < 1 || options.rank > 4096 || !std::isfinite(options.alpha) || options.targets.empty()) {
    throw Error(ErrorKind::kUsage, "making a LoRA adapter",
                "rank " + std::to_string(options.rank) + ", alpha " + std::to_string(options.alpha) +
                    " and " + std::to_string(options.targets.size()) + " targets make no adapter",
                "rank lies between 1 and 4096, and at least one target is named");
  }
}

std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);
}

}  // namespace

LoraOptions lora_options(const nlohmann::json& settings, const std::string& where) {
  ConfigKeys keys(settings, where);
  keys.expect("kind", "lora");
  LoraOptions options;
  options.rank = keys.integer("rank");
  options.alpha = keys.number("alpha");
  options.targets.clear();
  const nlohmann::json targets = keys.any("targets");
  for (const nlohmann::json& target : targets) {
    if (!target.is_string() || options.targets.size() == 64) {
      keys.fail("targets", "must be a list of at most 64 names");
    }
    options.targets.push_back(target.get<std::string>());
  }
  keys.refuse_others();
  return options;
}

Lora::Lora(LoraOptions options) : options_(std::move(options)) {
  check(options_);
}

Lora::~Lora() {
  detach();
}

void Lora::attach(std::shared_ptr<Transformer> model) {
  if (model_) {
    throw Error(ErrorKind::kUsage, "attaching a LoRA adapter", "it is attached already", "detach it first");
  }
  std::vector<std::shared_ptr<Site>> sites;
  for (const auto& module : model->named_modules()) {
    const auto linear = std::dynamic_pointer_cast<Linear>(module.value());
    const auto& targets = options_.targets;
    if (!linear || std::find(targets.begin(), targets.end(), last_part(module.key())) == targets.end()) {
      continue;
    }
    if (linear->addition()) {
      throw Error(ErrorKind::kUsage, "attaching a LoRA adapter", module.key() + " has an adapter already",
                  "detach or merge it first");
    }
    auto site = std::make_shared<Site>();
    site->name = module.key();
    site->linear = linear;
    site->scale = options_.alpha / static_cast<double>(options_.rank);
    const auto type = linear->weight.options().requires_grad(false);
    site->a = torch::empty({options_.rank, linear->in()}, type);
    fill_normal(site->a, options_.seed, "lora." + site->name,
                1.0 / std::sqrt(static_cast<double>(options_.rank)));
    site->a.requires_grad_(true);
    site->b = torch::zeros({linear->out(), options_.rank}, type).requires_grad_(true);
    sites.push_back(std::move(site));
  }
  if (sites.empty()) {
    throw Error(ErrorKind::kUsage, "attaching a LoRA adapter",
                "the model has no linear map of the names asked for",
                "its attention has q_proj, k_proj, v_proj, o_proj; its MLP gate_proj, up_proj, down_proj");
  }
  frozen_ = std::make_unique<FrozenParameters>(*model);
  model_ = std::move(model);
  sites_ = std::move(sites);
  for (const auto& site : sites_) {
    site->linear->set_addition(site);
  }
}

void Lora::detach() {
  if (!model_) {
    return;
  }
  unmerge();
  for (const auto& site : sites_) {
    site->linear->set_addition(nullptr);
  }
  sites_.clear();
  frozen_.reset();
  model_.reset();
}

std::vector<std::pair<std::string, torch::Tensor>> Lora::parameters() const {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  for (const auto& site : sites_) {
    out.emplace_back(site->name + ".lora_a", site->a);
    out.emplace_back(site->name + ".lora_b", site->b);
  }
  return out;
}

void Lora::merge() {
  if (merged_) {
    return;
  }
  if (!model_) {
    throw Error(ErrorKind::kUsage, "merging a LoRA adapter", "it is attached to no model", "attach it first");
  }
  const torch::NoGradGuard no_grad;
  for (const auto& site : sites_) {
    site->original = site->linear->weight.clone();
    site->linear->weight += at::matmul(site->b, site->a) * site->scale;
    site->linear->set_addition(nullptr);
  }
  merged_ = true;
}

void Lora::unmerge() {
  if (!merged_) {
    return;
  }
  const torch::NoGradGuard no_grad;
  for (const auto& site : sites_) {
    site->linear->weight.copy_(site->original);
    site->original.reset();
    site->linear->set_addition(site);
  }
  merged_ = false;
}

nlohmann::json Lora::settings() const {
  return {
      {"kind", kind()}, {"rank", options_.rank}, {"alpha", options_.alpha}, {"targets", options_.targets}};
}

}  // namespace everform
