// A language model as a learner of functions: it reads the examples as text and chooses between "0" and "1".
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "everform/core/decoding/step_model.h"
#include "everform/core/text/chat_template.h"
#include "everform/core/text/tokenizer.h"
#include "everform/domains/functions/accuracy_curve.h"

namespace everform::functions {

class LanguageLearner {
 public:
  /// @param chat the model's chat template; nullptr prompts with plain text
  LanguageLearner(const StepModel& model, const Tokenizer& tokenizer, const ChatTemplate* chat);

  /// log P("1") - log P("0") as the label of the point at `index` after the examples before it.
  double margin(const LabelledSequence& sequence, int index);
  /// Whether the likelier digit is the label, at every index; "0" where both are equally likely.
  std::vector<bool> judge(const LabelledSequence& sequence);

 private:
  std::string prompt(const LabelledSequence& sequence, int index) const;
  /// Reads `tokens`, going on from what an earlier prompt began with in the same way; -> logits after the
  /// last.
  void read(std::span<const TokenId> tokens);
  double log_likelihood_of_rest(const std::vector<TokenId>& tokens, std::size_t shared) const;

  const StepModel& model_;
  const Tokenizer& tokenizer_;
  const ChatTemplate* chat_;
  std::unique_ptr<SequenceState> state_;
  std::vector<TokenId> seen_;
  std::vector<float> logits_;
};

/// Opens a decoder (the name of a bundled model, a GGUF file or a folder) with its tokenizer and gives its
/// curve.
/// @param plain prompts a chat model with plain text too Errors as open_decoder, load_tokenizer.
AccuracyCurve language_model_curve(const std::string& model, std::span<const LabelledSequence> sequences,
                                   bool plain);

}  // namespace everform::functions
