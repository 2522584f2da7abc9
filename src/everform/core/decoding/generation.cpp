#include "everform/core/decoding/generation.h"

#include <algorithm>
#include <chrono>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/text_stream.h"

namespace everform {
namespace {

using Clock = std::chrono::steady_clock;

double per_second(std::size_t tokens, Clock::time_point since) {
  const double seconds = std::chrono::duration<double>(Clock::now() - since).count();
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
}

// Brings the cached sequence back to where it agrees with the prompt; the last token is always read again,
// for its logits.
void rewind(PromptCache& cache, const StepModel& model, std::span<const TokenId> prompt) {
  if (!cache.state) {
    cache.state = model.new_sequence();
    cache.tokens.clear();
  }
  const auto differ = std::mismatch(cache.tokens.begin(), cache.tokens.end(), prompt.begin(), prompt.end());
  const auto shared = static_cast<std::size_t>(differ.second - prompt.begin());
  cache.tokens.resize(std::min(shared, prompt.size() - 1));
  cache.state->truncate(cache.tokens.size());
}

}  // namespace

TokenSampler::TokenSampler(const SamplingOptions& options, std::uint64_t seed, std::uint64_t sample)
    : processors_(make_processors(options, seed, sample)),
      temperature_(options.temperature),
      seed_(seed),
      sample_(sample) {}

TokenId TokenSampler::draw(std::span<const TokenId> context, std::span<const float> logits) {
  logits_.assign(logits.begin(), logits.end());
  for (const auto& processor : processors_) {
    processor->apply(context, logits_);
  }
  RandomStream random(seed_, "sampling", context.size(), sample_);
  return draw_token(logits_, temperature_, random);
}

void check_prompt(const StepModel& model, std::span<const TokenId> prompt) {
  if (prompt.empty()) {
    throw Error(ErrorKind::kUsage, "reading the prompt",
                "it is empty, and the model has no token to begin with", "give a --prompt");
  }
  if (prompt.size() >= model.context()) {
    throw Error(ErrorKind::kUsage, "reading the prompt",
                "it has " + std::to_string(prompt.size()) + " tokens, but the model's context of " +
                    std::to_string(model.context()) + " must hold it and at least one new token",
                "shorten the prompt");
  }
}

GenerationResult generate(const StepModel& model, const Tokenizer& tokenizer,
                          const GenerationRequest& request, PromptCache* cache) {
  check_prompt(model, request.prompt);
  TokenSampler sampler(request.sampling, request.seed, request.sample);
  TextStream stream(tokenizer, request.stop, request.on_text);
  PromptCache own;
  PromptCache& seen = cache != nullptr ? *cache : own;
  rewind(seen, model, request.prompt);

  GenerationResult result;
  result.finish = "length";
  std::vector<float> logits(model.vocabulary());
  const auto unread = std::span(request.prompt).subspan(seen.tokens.size());
  const auto prefill_began = Clock::now();
  model.prefill(*seen.state, unread, logits);
  result.prefill_tokens_per_second = per_second(unread.size(), prefill_began);
  seen.tokens = request.prompt;

  const std::size_t room = model.context() - request.prompt.size();
  const std::size_t limit = std::min(request.max_tokens, room);
  const auto decode_began = Clock::now();
  while (result.tokens.size() < limit) {
    throw_if_interrupted("generating text");
    const TokenId token = sampler.draw(seen.tokens, logits);
    result.tokens.push_back(token);
    const bool ended =
        std::find(request.end_tokens.begin(), request.end_tokens.end(), token) != request.end_tokens.end();
    if (ended || !stream.push(token)) {
      result.finish = "stop";
      break;
    }
    if (result.tokens.size() < limit) {
      SequenceState* state = seen.state.get();
      model.step(std::span(&state, 1), std::span(&token, 1), logits);
      seen.tokens.push_back(token);
    }
  }
  result.decode_tokens_per_second = per_second(result.tokens.size(), decode_began);
  stream.finish();
  result.text = stream.text();
  return result;
}

}  // namespace everform
