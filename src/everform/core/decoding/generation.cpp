#include "everform/core/decoding/generation.h"

#include <algorithm>
#include <chrono>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/constraints/constraint.h"
#include "everform/core/decoding/speculation.h"
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

// Feeds the model with what is drawn, and guesses ahead where there is a drafter: the logits after guesses
// that come true are there already.
class Feeder {
 public:
  Feeder(const StepModel& model, const GenerationRequest& request, PromptCache& seen,
         GenerationResult& result)
      : model_(model), request_(request), seen_(seen), result_(result), length_(request.draft_tokens) {}

  void read_prompt() {
    const auto unread = std::span(request_.prompt).subspan(seen_.tokens.size());
    logits_.resize(model_.vocabulary());
    const auto began = Clock::now();
    model_.prefill(*seen_.state, unread, logits_);
    result_.prefill_tokens_per_second = per_second(unread.size(), began);
    seen_.tokens = request_.prompt;
  }

  // After everything that was taken.
  std::span<const float> logits() const {
    return std::span(logits_).subspan(row_ * model_.vocabulary(), model_.vocabulary());
  }

  // @param left tokens that may still be drawn, at least one
  void take(TokenId token, std::size_t left) {
    if (row_ < guesses_.size() && guesses_[row_] == token) {
      seen_.tokens.push_back(token);
      ++row_;
      ++result_.accepted;
      return;
    }
    forget_guesses();
    seen_.tokens.push_back(token);
    guess(left - 1);
    std::vector<TokenId> fed = {token};
    fed.insert(fed.end(), guesses_.begin(), guesses_.end());
    logits_.resize(fed.size() * model_.vocabulary());
    if (fed.size() == 1) {
      SequenceState* state = seen_.state.get();
      model_.step(std::span(&state, 1), fed, logits_);
    } else {
      model_.prefill_all(*seen_.state, fed, logits_);
    }
    ++result_.model_calls;
  }

  // Takes what was guessed and not drawn back out of the sequence, and learns how far guesses reach.
  void forget_guesses() {
    if (!guesses_.empty()) {
      seen_.state->truncate(seen_.tokens.size());
      length_ = row_ == guesses_.size() ? std::min(2 * length_, request_.draft_tokens)
                                        : std::min(row_ + 1, request_.draft_tokens);
    }
    guesses_.clear();
    row_ = 0;
  }

 private:
  void guess(std::size_t useful) {
    const std::size_t room = model_.context() - seen_.tokens.size();
    const std::size_t count = std::min({useful, room, length_});
    if (request_.drafter && count > 0) {
      guesses_ = request_.drafter->draft(seen_.tokens, count);
      guesses_.resize(std::min(guesses_.size(), count));
      result_.drafted += guesses_.size();
    }
  }

  const StepModel& model_;
  const GenerationRequest& request_;
  PromptCache& seen_;
  GenerationResult& result_;
  std::vector<TokenId> guesses_;
  std::size_t row_ = 0;     // guesses that came true
  std::size_t length_ = 0;  // tokens to guess
  std::vector<float> logits_;
};

}  // namespace

void TokenSampler::add_first(std::unique_ptr<LogitsProcessor> processor) {
  processors_.insert(processors_.begin(), std::move(processor));
}

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
  if (request.constraint) {
    sampler.add_first(request.constraint->begin(request.prompt.size()));
  }
  TextStream stream(tokenizer, request.stop, request.on_text);
  PromptCache own;
  PromptCache& seen = cache != nullptr ? *cache : own;
  rewind(seen, model, request.prompt);

  GenerationResult result;
  result.finish = "length";
  const std::size_t room = model.context() - request.prompt.size();
  const std::size_t limit = std::min(request.max_tokens, room);
  Feeder feeder(model, request, seen, result);
  feeder.read_prompt();
  const auto decode_began = Clock::now();
  while (result.tokens.size() < limit) {
    throw_if_interrupted("generating text");
    const TokenId token = sampler.draw(seen.tokens, feeder.logits());
    result.tokens.push_back(token);
    const bool ended =
        std::find(request.end_tokens.begin(), request.end_tokens.end(), token) != request.end_tokens.end();
    if (ended || !stream.push(token)) {
      result.finish = "stop";
      break;
    }
    if (result.tokens.size() < limit) {
      feeder.take(token, limit - result.tokens.size());
    }
  }
  feeder.forget_guesses();
  result.decode_tokens_per_second = per_second(result.tokens.size(), decode_began);
  stream.finish();
  result.text = stream.text();
  return result;
}

}  // namespace everform
