#include "everform/domains/functions/language_learner.h"

#include <algorithm>

#include "everform/core/base/interrupt.h"
#include "everform/core/base/progress.h"
#include "everform/core/decoding/log_probabilities.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/io/bundled_models.h"
#include "everform/domains/functions/function_prompt.h"

namespace everform::functions {

LanguageLearner::LanguageLearner(const StepModel& model, const Tokenizer& tokenizer, const ChatTemplate* chat)
    : model_(model),
      tokenizer_(tokenizer),
      chat_(chat),
      state_(model.new_sequence()),
      logits_(model.vocabulary()) {}

std::string LanguageLearner::prompt(const LabelledSequence& sequence, int index) const {
  const std::string plain = function_prompt(sequence, index);
  if (chat_ == nullptr) {
    return plain + " ";
  }
  const auto piece = [&](std::optional<TokenId> id) { return id ? tokenizer_.piece(*id) : std::string(); };
  return chat_->render(
      {{"messages",
        {{{"role", "system"}, {"content", kFunctionSystemLine}}, {{"role", "user"}, {"content", plain}}}},
       {"add_generation_prompt", true},
       {"bos_token", piece(tokenizer_.bos())},
       {"eos_token", piece(tokenizer_.eos())}});
}

void LanguageLearner::read(std::span<const TokenId> tokens) {
  const auto differ = std::mismatch(tokens.begin(), tokens.end(), seen_.begin(), seen_.end());
  // The last token is read again where all are known, for the logits after it.
  const std::size_t known =
      std::min(static_cast<std::size_t>(differ.first - tokens.begin()), tokens.size() - 1);
  state_->truncate(known);
  model_.prefill(*state_, tokens.subspan(known), logits_);
  seen_.assign(tokens.begin(), tokens.end());
}

double LanguageLearner::log_likelihood_of_rest(const std::vector<TokenId>& tokens, std::size_t shared) const {
  double sum = log_probability(logits_, tokens[shared]);
  const auto state = state_->clone();
  std::vector<float> logits(logits_.size());
  for (std::size_t i = shared; i + 1 < tokens.size(); ++i) {
    model_.prefill(*state, std::span(tokens).subspan(i, 1), logits);
    sum += log_probability(logits, tokens[i + 1]);
  }
  return sum;
}

double LanguageLearner::margin(const LabelledSequence& sequence, int index) {
  const std::string text = prompt(sequence, index);
  // Special tokens are spelled out by the template only; the prompt itself is zeros, ones and plain words.
  const EncodeOptions options{.parse_specials = chat_ != nullptr,
                              .add_specials = chat_ != nullptr ? std::optional<bool>(false) : std::nullopt};
  const std::vector<TokenId> zero = tokenizer_.encode_ids(text + "0", options);
  const std::vector<TokenId> one = tokenizer_.encode_ids(text + "1", options);
  const auto differ = std::mismatch(zero.begin(), zero.end(), one.begin(), one.end());
  const auto shared = static_cast<std::size_t>(differ.first - zero.begin());
  read(std::span(zero).first(shared));
  return log_likelihood_of_rest(one, shared) - log_likelihood_of_rest(zero, shared);
}

std::vector<bool> LanguageLearner::judge(const LabelledSequence& sequence) {
  std::vector<bool> right;
  for (std::size_t i = 0; i < sequence.points.size(); ++i) {
    throw_if_interrupted("labelling points with a language model");
    right.push_back((margin(sequence, static_cast<int>(i)) > 0) == (sequence.labels[i] > 0));
  }
  return right;
}

AccuracyCurve language_model_curve(const std::string& model, std::span<const LabelledSequence> sequences,
                                   bool plain) {
  const std::filesystem::path path = find_bundled_model(model).value_or(model);
  const auto checkpoint = open_decoder(path);
  const auto decoder = load_plain_model(*checkpoint);
  const auto tokenizer = load_tokenizer(path);
  std::optional<ChatTemplate> chat;
  if (const auto source = tokenizer->chat_template(); source && !plain) {
    chat.emplace(*source);
  }
  LanguageLearner learner(*decoder, *tokenizer, chat ? &*chat : nullptr);
  Progress progress("labelling with " + path.filename().string(),
                    static_cast<std::int64_t>(sequences.size()));
  std::int64_t done = 0;
  return accuracy_curve(path.stem().string(), sequences, [&](const LabelledSequence& sequence) {
    std::vector<bool> right = learner.judge(sequence);
    progress.update(++done);
    return right;
  });
}

}  // namespace everform::functions
