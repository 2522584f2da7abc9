#include "everform/domains/language/scoring_checks.h"

#include <array>
#include <cmath>
#include <vector>

#include "everform/core/decoding/window_nll.h"
#include "everform/domains/language/multiple_choice.h"

namespace everform {
namespace {

constexpr std::size_t kVocabulary = 4;

/// P(next = t | the last token was s) is kTransitions[s][t], whatever came before.
constexpr std::array<std::array<double, kVocabulary>, kVocabulary> kTransitions = {
    {{0.5, 0.25, 0.125, 0.125}, {0.1, 0.2, 0.3, 0.4}, {0.25, 0.25, 0.25, 0.25}, {0.7, 0.1, 0.1, 0.1}}};

class MarkovModel : public StepModel {
 public:
  std::size_t vocabulary() const override { return kVocabulary; }
  std::size_t context() const override { return 64; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<State>(); }
  std::size_t cache_bytes_per_token() const override { return sizeof(TokenId); }
  void prefill(SequenceState& state, std::span<const TokenId> tokens,
               std::span<float> logits) const override {
    dynamic_cast<State&>(state).seen += tokens.size();
    write_logits(tokens.back(), logits);
  }
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override {
    dynamic_cast<State&>(state).seen += tokens.size();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      write_logits(tokens[i], logits.subspan(i * kVocabulary, kVocabulary));
    }
  }
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override {
    for (std::size_t i = 0; i < states.size(); ++i) {
      prefill(*states[i], tokens.subspan(i, 1), logits.subspan(i * kVocabulary, kVocabulary));
    }
  }

 private:
  struct State : SequenceState {
    std::size_t seen = 0;
    std::size_t length() const override { return seen; }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<State>(*this); }
    void truncate(std::size_t length) override { seen = length; }
  };

  static void write_logits(TokenId last, std::span<float> logits) {
    for (std::size_t next = 0; next < kVocabulary; ++next) {
      logits[next] = static_cast<float>(std::log(kTransitions[static_cast<std::size_t>(last)][next]));
    }
  }
};

}  // namespace

KnownPerplexity measure_known_perplexity() {
  std::vector<TokenId> tokens(200);
  double nll = 0.0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    tokens[i] = static_cast<TokenId>((i * i + i / 3) % kVocabulary);
    nll -=
        std::log(kTransitions[static_cast<std::size_t>(tokens[i - 1])][static_cast<std::size_t>(tokens[i])]);
  }
  constexpr std::size_t kWindow = 32;
  constexpr std::size_t kStride = 16;
  const WindowNll scored = score_windows(MarkovModel(), tokens, kWindow, kStride);
  return {std::exp(scored.per_token()), std::exp(nll / static_cast<double>(tokens.size() - 1))};
}

CheckCount check_normalisations() {
  const std::vector<ChoiceScore> choices = {
      {.log_likelihood = -4.0, .tokens = 1, .bytes = 4, .unconditional = -4.0},
      {.log_likelihood = -6.0, .tokens = 6, .bytes = 6, .unconditional = -7.0},
      {.log_likelihood = -9.0, .tokens = 3, .bytes = 90, .unconditional = -10.0},
      {.log_likelihood = -8.0, .tokens = 2, .bytes = 8, .unconditional = -20.0}};
  CheckCount count;
  std::size_t expected = 0;
  for (const std::string& name : normalisation_names()) {
    count.expect(pick_choice(choices, normalisation_from_name(name)) == expected++, name);
  }
  return count;
}

}  // namespace everform
