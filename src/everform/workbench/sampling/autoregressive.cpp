#include "everform/workbench/sampling/autoregressive.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/decoding/logits_processor.h"

namespace everform {
namespace {

const char* const kWhere = "sampling";

void check(const std::vector<std::vector<TokenId>>& prompts, const AutoregressiveOptions& options,
           std::size_t context) {
  if (options.max_tokens < 0 || options.batch < 1) {
    throw Error(
        ErrorKind::kUsage, kWhere,
        std::to_string(options.max_tokens) + " tokens in batches of " + std::to_string(options.batch));
  }
  if (!(options.temperature >= 0.0) || !std::isfinite(options.temperature)) {
    throw Error(ErrorKind::kUsage, kWhere, "a temperature of " + std::to_string(options.temperature),
                "it is 0 (the likeliest token) or more");
  }
  for (const std::vector<TokenId>& prompt : prompts) {
    if (prompt.empty()) {
      throw Error(ErrorKind::kUsage, kWhere, "a prompt is empty", "give at least one token");
    }
    if (prompt.size() + static_cast<std::size_t>(options.max_tokens) > context) {
      throw Error(ErrorKind::kUsage, kWhere,
                  std::to_string(prompt.size()) + " tokens of a prompt and " +
                      std::to_string(options.max_tokens) + " new ones; the model's context is " +
                      std::to_string(context),
                  "take a shorter prompt or a model with a longer context");
    }
  }
}

TokenId draw(std::span<const float> logits, const AutoregressiveOptions& options, std::size_t item,
             std::size_t drawn) {
  RandomStream random(options.seed, options.purpose, drawn, item);
  return draw_token(logits, options.temperature, random);
}

/// Items of one prompt length as one batch, until all have ended.
class BatchRun {
 public:
  BatchRun(Transformer& transformer, const AutoregressiveOptions& options,
           std::vector<std::vector<TokenId>>& out)
      : transformer_(transformer),
        options_(options),
        out_(out),
        device_(transformer.parameters().front().device()) {}

  void run(std::span<const std::size_t> items, const std::vector<std::vector<TokenId>>& prompts) {
    items_ = items;
    const auto length = static_cast<std::int64_t>(prompts[items[0]].size());
    torch::Tensor tokens = torch::empty({count(), length}, torch::kLong);
    for (std::int64_t i = 0; i < count(); ++i) {
      const std::vector<TokenId>& prompt = prompts[items[static_cast<std::size_t>(i)]];
      std::copy(prompt.begin(), prompt.end(), tokens.data_ptr<std::int64_t>() + i * length);
    }
    const std::unique_ptr<TransformerState> state = transformer_.new_state();
    for (std::int64_t drawn = 0; drawn < options_.max_tokens && !all_ended(); ++drawn) {
      throw_if_interrupted(kWhere);
      const torch::Tensor hidden = transformer_.forward({.tokens = tokens.to(device_), .state = state.get()});
      const torch::Tensor last = hidden.select(1, hidden.size(1) - 1);
      tokens = draw_all(transformer_.logits(last).to(torch::kCPU, torch::kFloat).contiguous());
    }
  }

 private:
  std::int64_t count() const { return static_cast<std::int64_t>(items_.size()); }

  bool ended(std::size_t item) const {
    return options_.end >= 0 && !out_[item].empty() && out_[item].back() == options_.end;
  }

  bool all_ended() const {
    return std::all_of(items_.begin(), items_.end(), [this](std::size_t item) { return ended(item); });
  }

  /// @param logits [items, vocabulary] @return the next input, [items, 1]; ended items go on with their end
  /// token, unheard
  torch::Tensor draw_all(const torch::Tensor& logits) {
    torch::Tensor next = torch::empty({count(), 1}, torch::kLong);
    const auto width = static_cast<std::size_t>(logits.size(1));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      std::vector<TokenId>& tokens = out_[items_[i]];
      if (!ended(items_[i])) {
        tokens.push_back(
            draw(std::span(logits.data_ptr<float>() + i * width, width), options_, items_[i], tokens.size()));
      }
      next.data_ptr<std::int64_t>()[i] = tokens.back();
    }
    return next;
  }

  Transformer& transformer_;
  const AutoregressiveOptions& options_;
  std::vector<std::vector<TokenId>>& out_;
  torch::Device device_;
  std::span<const std::size_t> items_;
};

}  // namespace

std::vector<std::vector<TokenId>> sample_autoregressive(Transformer& transformer,
                                                        const std::vector<std::vector<TokenId>>& prompts,
                                                        const AutoregressiveOptions& options) {
  check(prompts, options, static_cast<std::size_t>(transformer.config().context));
  const torch::NoGradGuard no_grad;
  std::map<std::size_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    by_length[prompts[i].size()].push_back(i);
  }
  std::vector<std::vector<TokenId>> out(prompts.size());
  for (const auto& [length, items] : by_length) {
    const auto step = static_cast<std::size_t>(options.batch);
    for (std::size_t begin = 0; begin < items.size(); begin += step) {
      BatchRun(transformer, options, out)
          .run(std::span(items).subspan(begin, std::min(step, items.size() - begin)), prompts);
    }
  }
  return out;
}

std::vector<std::vector<TokenId>> sample_autoregressive(const StepModel& model,
                                                        const std::vector<std::vector<TokenId>>& prompts,
                                                        const AutoregressiveOptions& options) {
  check(prompts, options, model.context());
  std::vector<float> logits(model.vocabulary());
  std::vector<std::vector<TokenId>> out(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::unique_ptr<SequenceState> state = model.new_sequence();
    SequenceState* const states[] = {state.get()};
    for (std::int64_t drawn = 0; drawn < options.max_tokens; ++drawn) {
      throw_if_interrupted(kWhere);
      if (drawn == 0) {
        model.prefill(*state, prompts[i], logits);
      } else {
        model.step(states, std::span(&out[i].back(), 1), logits);
      }
      out[i].push_back(draw(logits, options, i, out[i].size()));
      if (out[i].back() == options.end) {
        break;
      }
    }
  }
  return out;
}

}  // namespace everform
