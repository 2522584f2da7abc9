// Running means of what a training measures, gathered on its device without waiting for it.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace everform {

/// Means over the steps since the last take(), by name.
class Meter {
 public:
  /// @param value a scalar on any device; kept in float64
  void add(const std::string& name, const torch::Tensor& value);

  /// The means so far; waits for the device.
  std::map<std::string, double> means() const;
  /// As means(), and begins anew.
  std::map<std::string, double> take();

  /// The sums and counts as JSON, exactly; from_json(to_json()) goes on with the same bits.
  nlohmann::json to_json() const;
  void from_json(const nlohmann::json& json);

 private:
  struct Sum {
    torch::Tensor total;  ///< float64 scalar
    std::int64_t count = 0;
  };
  std::map<std::string, Sum> sums_;
};

}  // namespace everform
