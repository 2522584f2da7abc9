#include "everform/core/recipes/transformer_config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "everform/core/base/error.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform {

namespace {

/// Reports what a key holds against what would be right.
class Checker {
 public:
  explicit Checker(const std::string& where) : where_(where) {}

  void require(bool good, const char* key, const std::string& found, const std::string& right) const {
    if (!good) {
      throw Error(ErrorKind::kBadInput, where_, std::string(key) + " is " + found + ", but " + right);
    }
  }

  /// Upper limits keep every product of sizes far inside 64 bits.
  void within(std::int64_t value, const char* key, std::int64_t low, std::int64_t high) const {
    require(value >= low && value <= high, key, std::to_string(value),
            "it must lie between " + std::to_string(low) + " and " + std::to_string(high));
  }

  void positive(double value, const char* key) const {
    require(std::isfinite(value) && value > 0, key, std::to_string(value), "it must be a positive number");
  }

 private:
  const std::string& where_;
};

void check_sizes(const TransformerConfig& config, const Checker& check) {
  check.within(config.vocabulary, "vocabulary", 1, std::int64_t{1} << 28);
  check.within(config.width, "width", 1, std::int64_t{1} << 20);
  check.within(config.depth, "depth", 1, 4096);
  check.within(config.heads, "heads", 1, 1 << 16);
  check.within(config.kv_heads, "kv_heads", 1, config.heads);
  check.require(config.heads % config.kv_heads == 0, "kv_heads", std::to_string(config.kv_heads),
                "it must divide heads, which is " + std::to_string(config.heads));
  check.within(config.head_width, "head_width", 1, 1 << 14);
  check.within(config.ff_width, "ff_width", 1, std::int64_t{1} << 22);
  check.within(config.context, "context", 1, std::int64_t{1} << 31);
  check.within(config.window, "window", 0, std::int64_t{1} << 31);
  check.within(config.position_offset, "position_offset", 0, 1 << 16);
}

void check_positions(const TransformerConfig& config, const Checker& check) {
  const RotaryConfig& rotary = config.rotary;
  if (config.positions == PositionKind::kRotary) {
    check.positive(rotary.theta, "rotary.theta");
    const std::int64_t turned = rotary.dimensions == 0 ? config.head_width : rotary.dimensions;
    check.within(rotary.dimensions, "rotary.dimensions", 0, config.head_width);
    check.require(turned % 2 == 0, "rotary.dimensions", std::to_string(turned), "it must be even");
    check.positive(rotary.factor, "rotary.factor");
    if (rotary.scaling == RotaryScaling::kLlama3) {
      check.positive(rotary.low_frequency_factor, "rotary.low_frequency_factor");
      check.positive(rotary.high_frequency_factor, "rotary.high_frequency_factor");
      check.require(rotary.high_frequency_factor > rotary.low_frequency_factor,
                    "rotary.high_frequency_factor", std::to_string(rotary.high_frequency_factor),
                    "it must exceed rotary.low_frequency_factor");
      check.within(rotary.original_context, "rotary.original_context", 1, std::int64_t{1} << 31);
    }
  }
  if (config.positions == PositionKind::kAlibi) {
    check.positive(config.alibi_max_bias, "alibi_max_bias");
  }
}

}  // namespace

void validate(const TransformerConfig& config, const std::string& where) {
  const Checker check(where);
  check_sizes(config, check);
  check_positions(config, check);
  check.positive(config.norm_epsilon, "norm_epsilon");
  check.require(!(config.norm == NormKind::kRmsNorm && config.norm_bias), "norm_bias", "true",
                "an RMS norm has no bias");
  check.require(std::isfinite(config.attention_scale) && config.attention_scale >= 0, "attention_scale",
                std::to_string(config.attention_scale), "it must be 0 (1/sqrt(head_width)) or positive");
  check.within(config.bos, "bos", -1, config.vocabulary - 1);
  for (const std::int64_t token : config.eos) {
    check.within(token, "eos", 0, config.vocabulary - 1);
  }
}

std::int64_t parameter_count(const TransformerConfig& config) {
  std::int64_t count = 0;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    count += tensor.elements();
  }
  return count;
}

}  // namespace everform
