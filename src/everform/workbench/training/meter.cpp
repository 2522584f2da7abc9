#include "everform/workbench/training/meter.h"

#include <bit>

namespace everform {

void Meter::add(const std::string& name, const torch::Tensor& value) {
  Sum& sum = sums_[name];
  const torch::Tensor wide = value.detach().to(at::kDouble);
  sum.total = sum.total.defined() ? sum.total.to(wide.device()) + wide : wide;
  ++sum.count;
}

std::map<std::string, double> Meter::means() const {
  std::map<std::string, double> means;
  for (const auto& [name, sum] : sums_) {
    means[name] = sum.total.item<double>() / static_cast<double>(sum.count);
  }
  return means;
}

std::map<std::string, double> Meter::take() {
  std::map<std::string, double> result = means();
  sums_.clear();
  return result;
}

nlohmann::json Meter::to_json() const {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, sum] : sums_) {
    // The bits, since a JSON number cannot hold infinities.
    json[name] = {{"bits", std::bit_cast<std::uint64_t>(sum.total.item<double>())}, {"count", sum.count}};
  }
  return json;
}

void Meter::from_json(const nlohmann::json& json) {
  sums_.clear();
  for (const auto& [name, entry] : json.items()) {
    const auto total = std::bit_cast<double>(entry.at("bits").get<std::uint64_t>());
    sums_[name] = {torch::tensor(total, at::kDouble), entry.at("count").get<std::int64_t>()};
  }
}

}  // namespace everform
