#include "reference_decoder.h"

#include <cmath>

#include "everform/core/base/random.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform::test {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

class Reference {
 public:
  Reference(const TransformerConfig& config, const TensorMap& tensors) : c_(config), tensors_(tensors) {}

  Rows run(const std::vector<TokenId>& tokens) const {
    Rows x;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      x.push_back(embedding(tokens[t], static_cast<std::int64_t>(t)));
    }
    for (std::int64_t i = 0; i < c_.depth; ++i) {
      x = block("model.layers." + std::to_string(i) + ".", x);
    }
    Rows logits;
    for (const Row& row : x) {
      const Row last = c_.final_norm ? norm("model.norm", row) : row;
      logits.push_back(project(c_.tied ? "model.embed_tokens.weight" : "lm_head.weight", last,
                               c_.head_bias ? "lm_head.bias" : ""));
    }
    return logits;
  }

 private:
  const std::vector<float>& values(const std::string& name) const { return tensors_.tensors.at(name).values; }

  Row embedding(TokenId token, std::int64_t position) const {
    Row row;
    for (std::int64_t i = 0; i < c_.width; ++i) {
      double value = values("model.embed_tokens.weight")[static_cast<std::size_t>(token * c_.width + i)];
      if (c_.positions == PositionKind::kLearned) {
        const auto at = static_cast<std::size_t>((position + c_.position_offset) * c_.width + i);
        value += values("model.embed_positions.weight")[at];
      }
      if (c_.positions == PositionKind::kSinusoidal) {
        const double angle =
            static_cast<double>(position) /
            std::pow(10000.0, 2.0 * std::floor(static_cast<double>(i) / 2.0) / static_cast<double>(c_.width));
        value += i % 2 == 0 ? std::sin(angle) : std::cos(angle);
      }
      row.push_back(value);
    }
    return c_.embedding_norm ? norm("model.embed_norm", row) : row;
  }

  Row norm(const std::string& name, const Row& x) const {
    double mean = 0;
    for (const double value : x) {
      mean += value / static_cast<double>(x.size());
    }
    if (c_.norm == NormKind::kRmsNorm) {
      mean = 0;
    }
    double variance = 0;
    for (const double value : x) {
      variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    }
    Row y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double bias = c_.norm_bias ? values(name + ".bias")[i] : 0.0;
      y.push_back((x[i] - mean) / std::sqrt(variance + c_.norm_epsilon) * values(name + ".weight")[i] + bias);
    }
    return y;
  }

  Row project(const std::string& weight, const Row& x, const std::string& bias) const {
    const std::vector<float>& w = values(weight);
    Row y;
    for (std::size_t o = 0; o < w.size() / x.size(); ++o) {
      double sum = bias.empty() ? 0.0 : values(bias)[o];
      for (std::size_t k = 0; k < x.size(); ++k) {
        sum += x[k] * w[o * x.size() + k];
      }
      y.push_back(sum);
    }
    return y;
  }
  Row linear(const std::string& name, const Row& x, bool bias) const {
    return project(name + ".weight", x, bias ? name + ".bias" : "");
  }

  Rows block(const std::string& prefix, const Rows& x) const {
    const std::string norm1 = prefix + "input_layernorm";
    const std::string norm2 = prefix + "post_attention_layernorm";
    const bool post = c_.norm_placement == NormPlacement::kPost;
    Rows normal;
    for (const Row& row : x) {
      normal.push_back(post ? row : norm(norm1, row));
    }
    const Rows mixed = attention(prefix + "self_attn.", normal);
    Rows y;
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row row = sum(x[t], mixed[t]);
      if (post) {
        row = norm(norm1, row);
        y.push_back(norm(norm2, sum(row, mlp(prefix + "mlp.", row))));
      } else if (c_.residual == Residual::kSequential) {
        y.push_back(sum(row, mlp(prefix + "mlp.", norm(norm2, row))));
      } else {
        y.push_back(
            sum(row, mlp(prefix + "mlp.", norm(c_.residual == Residual::kParallel ? norm2 : norm1, x[t]))));
      }
    }
    return y;
  }

  static Row sum(Row a, const Row& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] += b[i];
    }
    return a;
  }

  Row mlp(const std::string& prefix, const Row& x) const {
    Row inner = linear(prefix + "up_proj", x, c_.mlp_bias);
    const Row gate = c_.gated_mlp ? linear(prefix + "gate_proj", x, c_.mlp_bias) : inner;
    for (std::size_t i = 0; i < inner.size(); ++i) {
      inner[i] = c_.gated_mlp ? activation(gate[i]) * inner[i] : activation(inner[i]);
    }
    return linear(prefix + "down_proj", inner, c_.mlp_bias);
  }

  double activation(double x) const {
    switch (c_.activation) {
      case Activation::kGelu:
        return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
      case Activation::kGeluTanh:
        return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
      case Activation::kRelu:
        return x > 0 ? x : 0;
      case Activation::kSilu:
        return x / (1.0 + std::exp(-x));
    }
    return x;
  }

  double frequency(std::int64_t pair, std::int64_t dimensions) const {
    const RotaryConfig& r = c_.rotary;
    const double f =
        1.0 / std::pow(r.theta, 2.0 * static_cast<double>(pair) / static_cast<double>(dimensions));
    if (r.scaling == RotaryScaling::kLinear) {
      return f / r.factor;
    }
    if (r.scaling == RotaryScaling::kLlama3) {
      const double wavelength = 2.0 * M_PI / f;
      const double context = static_cast<double>(r.original_context);
      if (wavelength > context / r.low_frequency_factor) {
        return f / r.factor;
      }
      if (wavelength < context / r.high_frequency_factor) {
        return f;
      }
      const double smooth = (context / wavelength - r.low_frequency_factor) /
                            (r.high_frequency_factor - r.low_frequency_factor);
      return (1 - smooth) * f / r.factor + smooth * f;
    }
    return f;
  }

  void rotate(Row& row, std::int64_t position) const {
    if (c_.positions != PositionKind::kRotary) {
      return;
    }
    const std::int64_t dimensions = c_.rotary.dimensions > 0 ? c_.rotary.dimensions : c_.head_width;
    for (std::size_t begin = 0; begin < row.size(); begin += static_cast<std::size_t>(c_.head_width)) {
      for (std::int64_t i = 0; i < dimensions / 2; ++i) {
        const double angle = static_cast<double>(position) * frequency(i, dimensions);
        double& a = row[begin + static_cast<std::size_t>(i)];
        double& b = row[begin + static_cast<std::size_t>(i + dimensions / 2)];
        const Row turned = {a * std::cos(angle) - b * std::sin(angle),
                            a * std::sin(angle) + b * std::cos(angle)};
        a = turned[0];
        b = turned[1];
      }
    }
  }

  double slope(std::int64_t head) const {
    // Press et al.'s published rule: the power of two above n, its odd places last.
    std::int64_t power = 1;
    while (power < c_.heads) {
      power *= 2;
    }
    Row exponents;
    if (power == c_.heads) {
      for (std::int64_t i = 1; i <= power; ++i) {
        exponents.push_back(static_cast<double>(i));
      }
    } else {
      for (std::int64_t i = 2; i <= power; i += 2) {
        exponents.push_back(static_cast<double>(i));
      }
      for (std::int64_t i = 1; i <= power; i += 2) {
        exponents.push_back(static_cast<double>(i));
      }
    }
    return std::pow(
        2.0, -c_.alibi_max_bias * exponents[static_cast<std::size_t>(head)] / static_cast<double>(power));
  }

  Rows attention(const std::string& prefix, const Rows& x) const {
    Rows q, k, v;
    for (std::size_t t = 0; t < x.size(); ++t) {
      q.push_back(linear(prefix + "q_proj", x[t], c_.qkv_bias));
      k.push_back(linear(prefix + "k_proj", x[t], c_.qkv_bias));
      v.push_back(linear(prefix + "v_proj", x[t], c_.qkv_bias));
      rotate(q.back(), static_cast<std::int64_t>(t));
      rotate(k.back(), static_cast<std::int64_t>(t));
    }
    const auto width = static_cast<std::size_t>(c_.head_width);
    const double scale =
        c_.attention_scale > 0 ? c_.attention_scale : 1.0 / std::sqrt(static_cast<double>(width));
    Rows y;
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row mixed(static_cast<std::size_t>(c_.heads) * width);
      for (std::size_t h = 0; h < static_cast<std::size_t>(c_.heads); ++h) {
        const std::size_t kv = h / static_cast<std::size_t>(c_.heads / c_.kv_heads);
        Row weights;
        double total = 0;
        for (std::size_t s = 0; s <= t; ++s) {
          double score = 0;
          for (std::size_t d = 0; d < width; ++d) {
            score += q[t][h * width + d] * k[s][kv * width + d] * scale;
          }
          if (c_.positions == PositionKind::kAlibi) {
            score -= slope(static_cast<std::int64_t>(h)) * static_cast<double>(t - s);
          }
          const bool hidden = c_.window > 0 && t - s >= static_cast<std::size_t>(c_.window);
          weights.push_back(hidden ? 0.0 : std::exp(score));
          total += weights.back();
        }
        for (std::size_t s = 0; s <= t; ++s) {
          for (std::size_t d = 0; d < width; ++d) {
            mixed[h * width + d] += weights[s] / total * v[s][kv * width + d];
          }
        }
      }
      y.push_back(linear(prefix + "o_proj", mixed, c_.attention_output_bias));
    }
    return y;
  }

  const TransformerConfig& c_;
  const TensorMap& tensors_;
};

}  // namespace

TensorSource TensorMap::source() const {
  return [this](const std::string& name) {
    const Tensor& tensor = tensors.at(name);
    return TensorView{.name = name,
                      .type = ElementType::kF32,
                      .shape = tensor.shape,
                      .data = std::as_bytes(std::span(tensor.values))};
  };
}

TensorMap random_tensors(const TransformerConfig& config, std::uint64_t seed) {
  TensorMap map;
  for (const NamedShape& wanted : transformer_tensors(config)) {
    std::vector<float> values(static_cast<std::size_t>(wanted.elements()));
    RandomStream random(seed, wanted.name);
    const bool gain = wanted.name.find("norm.weight") != std::string::npos;
    const bool matrix = wanted.shape.size() == 2;
    const float deviation = matrix ? 1.5F / std::sqrt(static_cast<float>(wanted.shape[1])) : 0.3F;
    random.fill_normal(values, gain ? 1.0F : 0.0F, deviation);
    map.tensors[wanted.name] = {wanted.shape, std::move(values)};
  }
  return map;
}

std::vector<std::vector<double>> reference_logits(const TransformerConfig& config, const TensorMap& tensors,
                                                  const std::vector<TokenId>& tokens) {
  return Reference(config, tensors).run(tokens);
}

}  // namespace everform::test
