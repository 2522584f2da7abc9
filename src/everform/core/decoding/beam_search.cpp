#include "everform/core/decoding/beam_search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/decoding/log_probabilities.h"
#include "everform/core/decoding/text_stream.h"

namespace everform {
namespace {

constexpr std::size_t kMaxBeams = 64;

struct Hypothesis {
  std::vector<TokenId> tokens;  // the new ones
  double log_p = 0.0;
};

struct Open : Hypothesis {
  std::unique_ptr<SequenceState> state;
  std::vector<float> logits;
};

struct Extension {
  double log_p;
  std::size_t beam;
  TokenId token;
};

class Search {
 public:
  Search(const StepModel& model, const GenerationRequest& request, const BeamOptions& options)
      : model_(model), request_(request), options_(options) {
    SamplingOptions sampling = request.sampling;
    sampling.temperature = 0.0;
    processors_ = make_processors(sampling);
    limit_ = std::min(request.max_tokens, model.context() - request.prompt.size());
  }

  void read_prompt() {
    Open first;
    first.state = model_.new_sequence();
    first.logits.resize(model_.vocabulary());
    model_.prefill(*first.state, request_.prompt, first.logits);
    open_.push_back(std::move(first));
  }

  // @return the best hypothesis, and whether it ended by itself
  std::pair<Hypothesis, bool> run() {
    for (std::size_t length = 0; length < limit_ && !settled(); ++length) {
      throw_if_interrupted("searching with beams");
      advance(length + 1 < limit_);
    }
    const Hypothesis* best = best_finished();
    if (best == nullptr || (!open_.empty() && score(open_.front()) > score(*best))) {
      return {open_.front(), false};
    }
    return {*best, true};
  }

 private:
  double score(const Hypothesis& hypothesis) const {
    const auto length = static_cast<double>(std::max<std::size_t>(hypothesis.tokens.size(), 1));
    return hypothesis.log_p / std::pow(length, options_.length_penalty);
  }

  // nullptr where none is finished
  const Hypothesis* best_finished() const {
    const auto best = std::max_element(finished_.begin(), finished_.end(),
                                       [&](const auto& a, const auto& b) { return score(a) < score(b); });
    return best == finished_.end() ? nullptr : &*best;
  }

  bool settled() const {
    return open_.empty() ||
           (finished_.size() >= options_.beams && score(open_.front()) <= score(*best_finished()));
  }

  bool ends(TokenId token) const {
    return std::find(request_.end_tokens.begin(), request_.end_tokens.end(), token) !=
           request_.end_tokens.end();
  }

  // The likeliest extensions of the open hypotheses, likeliest first; ties by beam and token. So many that
  // `beams` are left when all end tokens are taken away.
  std::vector<Extension> extensions() const {
    const auto likelier = [](const Extension& a, const Extension& b) {
      return a.log_p != b.log_p ? a.log_p > b.log_p : std::pair(a.beam, a.token) < std::pair(b.beam, b.token);
    };
    std::vector<Extension> all;
    std::vector<float> logits;
    for (std::size_t b = 0; b < open_.size(); ++b) {
      logits = open_[b].logits;
      std::vector<TokenId> context = request_.prompt;
      context.insert(context.end(), open_[b].tokens.begin(), open_[b].tokens.end());
      for (const auto& processor : processors_) {
        processor->apply(context, logits);
      }
      const double total = log_sum_exp(logits);
      for (std::size_t t = 0; t < logits.size(); ++t) {
        if (std::isinf(logits[t])) {
          continue;
        }
        all.push_back({open_[b].log_p + logits[t] - total, b, static_cast<TokenId>(t)});
      }
      const std::size_t keep = std::min(all.size(), options_.beams * (1 + request_.end_tokens.size()));
      std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(keep), all.end(), likelier);
      all.resize(keep);
    }
    return all;
  }

  void advance(bool feed) {
    std::vector<Extension> going_on;
    for (const Extension& extension : extensions()) {
      if (ends(extension.token)) {
        Hypothesis hypothesis = open_[extension.beam];
        hypothesis.tokens.push_back(extension.token);
        hypothesis.log_p = extension.log_p;
        finished_.push_back(std::move(hypothesis));
      } else if (going_on.size() < options_.beams) {
        going_on.push_back(extension);
      }
    }
    std::vector<std::size_t> children(open_.size(), 0);
    for (const Extension& extension : going_on) {
      ++children[extension.beam];
    }
    std::vector<Open> next;
    for (const Extension& extension : going_on) {
      Open& parent = open_[extension.beam];
      Open child;
      child.tokens = parent.tokens;
      child.tokens.push_back(extension.token);
      child.log_p = extension.log_p;
      // The last child takes its parent's cache.
      child.state = --children[extension.beam] == 0 ? std::move(parent.state) : parent.state->clone();
      next.push_back(std::move(child));
    }
    open_ = std::move(next);
    if (feed) {
      step();
    }
  }

  void step() {
    std::vector<SequenceState*> states;
    std::vector<TokenId> tokens;
    for (const Open& open : open_) {
      states.push_back(open.state.get());
      tokens.push_back(open.tokens.back());
    }
    std::vector<float> logits(open_.size() * model_.vocabulary());
    model_.step(states, tokens, logits);
    for (std::size_t b = 0; b < open_.size(); ++b) {
      const auto row = std::span(logits).subspan(b * model_.vocabulary(), model_.vocabulary());
      open_[b].logits.assign(row.begin(), row.end());
    }
  }

  const StepModel& model_;
  const GenerationRequest& request_;
  const BeamOptions& options_;
  std::vector<std::unique_ptr<LogitsProcessor>> processors_;
  std::size_t limit_ = 0;
  std::vector<Open> open_;  // best first
  std::vector<Hypothesis> finished_;
};

}  // namespace

GenerationResult beam_search(const StepModel& model, const Tokenizer& tokenizer,
                             const GenerationRequest& request, const BeamOptions& options) {
  if (options.beams < 1 || options.beams > kMaxBeams) {
    throw Error(ErrorKind::kUsage, "reading --beams",
                "it is " + std::to_string(options.beams) + ", but it must lie between 1 and " +
                    std::to_string(kMaxBeams));
  }
  check_prompt(model, request.prompt);
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  Search search(model, request, options);
  const auto began = Clock::now();
  search.read_prompt();
  const auto prefilled = Clock::now();
  auto [best, ended] = search.run();

  GenerationResult result;
  result.prefill_tokens_per_second = static_cast<double>(request.prompt.size()) / seconds(prefilled - began);
  result.decode_tokens_per_second =
      static_cast<double>(best.tokens.size()) / seconds(Clock::now() - prefilled);
  result.finish = ended ? "stop" : "length";
  TextStream stream(tokenizer, request.stop, request.on_text);
  for (std::size_t i = 0; i < best.tokens.size() - (ended ? 1 : 0); ++i) {
    if (!stream.push(best.tokens[i])) {
      result.finish = "stop";
      best.tokens.resize(i + 1);
      break;
    }
  }
  stream.finish();
  result.text = stream.text();
  result.tokens = std::move(best.tokens);
  return result;
}

}  // namespace everform
