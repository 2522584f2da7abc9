#include "everform/workbench/models/fused_block.h"

#include <gtest/gtest.h>

#include "everform/workbench/layers/autocast.h"
#include "tests/workbench/layers/gradient_check.h"
#include "tests/workbench/models/small_configs.h"

namespace everform {
namespace {

using test::normal_tensor;

/// The configurations of small_configs() whose blocks take the fused path.
const std::vector<std::string> kFused = {"llama", "qwen2", "gpt2", "opt", "sinusoidal", "lifegpt"};

struct Results {
  torch::Tensor hidden;
  std::map<std::string, torch::Tensor> gradients;
};

/// @param plain asks for the attention probabilities, which only the plain composition has
Results run(Transformer& transformer, const torch::Tensor& key_mask, bool bf16, bool plain) {
  const torch::Tensor tokens = (torch::arange(2 * 21, at::kLong) * 5 + 1).remainder(23).view({2, 21});
  transformer.zero_grad();
  Taps taps{.attention = plain};
  Results out;
  {
    const AutocastScope scope(at::kCPU, bf16);
    out.hidden = transformer.forward({.tokens = tokens, .key_mask = key_mask, .taps = &taps});
  }
  (out.hidden * normal_tensor(out.hidden.sizes(), "cotangent").to(out.hidden.scalar_type())).sum().backward();
  for (const auto& parameter : transformer.named_parameters()) {
    out.gradients[parameter.key()] =
        parameter.value().grad().defined() ? parameter.value().grad().clone() : torch::Tensor();
  }
  return out;
}

double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  return ((found.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

torch::Tensor all_gradients(const Results& results) {
  std::vector<torch::Tensor> parts;
  for (const auto& [name, gradient] : results.gradients) {
    if (gradient.defined()) {
      parts.push_back(gradient.flatten());
    }
  }
  return torch::cat(parts);
}

/// The same weights in float32 and in double.
struct Pair {
  Transformer fast;
  Transformer exact;

  Pair(const std::string& label, std::uint64_t seed)
      : fast(test::small_configs().at(label)), exact(test::small_configs().at(label)) {
    test::randomise(fast, seed);
    test::randomise(exact, seed);
    exact.to(at::kDouble);
  }
};

TEST(FusedBlock, AgreesWithThePlainCompositionInDouble) {
  for (const std::string& label : kFused) {
    for (const bool masked : {false, true}) {
      torch::Tensor key_mask;
      if (masked) {
        key_mask = torch::ones({2, 21}, at::kBool);
        key_mask[0][4] = false;
        key_mask[1].slice(0, 9, 12).fill_(false);
      }
      Pair pair(label, 4);
      const Results expected = run(pair.exact, key_mask, false, true);
      const Results found = run(pair.fast, key_mask, false, false);
      EXPECT_LT(relative_error(found.hidden, expected.hidden), 1e-5) << label;
      // A bias of the keys shifts all scores of a query alike: its true gradient is zero without rotation.
      const double floor = 1e-2 * all_gradients(expected).norm().item<double>();
      for (const auto& [name, gradient] : expected.gradients) {
        ASSERT_EQ(found.gradients.at(name).defined(), gradient.defined()) << name;
        if (gradient.defined()) {
          const double error = (found.gradients.at(name).to(at::kDouble) - gradient).norm().item<double>();
          EXPECT_LT(error, 1e-5 * (floor + gradient.norm().item<double>())) << label << " " << name;
        }
      }
    }
  }
}

// One network's error is luck where a ReLU changes sides; four networks' tell.
TEST(FusedBlock, InBf16IsNoLessExactThanAutocast) {
  for (const std::string& label : kFused) {
    double fused_error = 0.0;
    double autocast_error = 0.0;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Pair pair(label, seed);
      const Results expected = run(pair.exact, {}, false, true);
      const Results fused = run(pair.fast, {}, true, false);
      const Results autocast = run(pair.fast, {}, true, true);
      const torch::Tensor whole = all_gradients(expected);
      fused_error +=
          relative_error(all_gradients(fused), whole) + relative_error(fused.hidden, expected.hidden);
      autocast_error +=
          relative_error(all_gradients(autocast), whole) + relative_error(autocast.hidden, expected.hidden);
      EXPECT_EQ(all_gradients(fused).scalar_type(), at::kFloat);
    }
    EXPECT_LT(fused_error, 0.01 + 1.3 * autocast_error) << label;
    EXPECT_LT(fused_error, 4 * 0.3) << label;
  }
}

TEST(FusedBlock, IsTakenWhereItAppliesAndNotElsewhere) {
  const auto fuses = [](const std::string& label, const torch::Tensor& x, bool with_state) {
    Transformer transformer(test::small_configs().at(label));
    const auto& block = *transformer.model->layers[0];
    const auto attention = std::dynamic_pointer_cast<Attention>(block.self_attn);
    const AttentionMask mask = attention->prepare(x.size(1), 0, {}, {}, {}, x);
    const auto state = attention->new_state();
    BlockInput input;
    input.mixer = {.x = x, .state = with_state ? state.get() : nullptr, .prepared = &mask};
    return can_fuse_block(block, input);
  };
  const torch::Tensor x = torch::zeros({1, 5, 16});
  for (const std::string& label : kFused) {
    EXPECT_TRUE(fuses(label, x, false)) << label;
    EXPECT_FALSE(fuses(label, x, true)) << label;
    EXPECT_FALSE(fuses(label, x.to(at::kDouble), false)) << label;
  }
  EXPECT_FALSE(fuses("alibi", x, false));
  EXPECT_FALSE(fuses("mistral", x, false));
}

}  // namespace
}  // namespace everform
