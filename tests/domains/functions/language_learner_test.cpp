#include "everform/domains/functions/language_learner.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "everform/domains/functions/function_prompt.h"
#include "everform/domains/functions/task_law.h"

namespace everform::functions {
namespace {

/// A token a byte.
class ByteTokenizer : public Tokenizer {
 public:
  std::string kind() const override { return "characters"; }
  std::size_t vocabulary_size() const override { return 256; }
  Encoding encode(std::string_view text, const EncodeOptions&) const override {
    Encoding encoding;
    for (std::size_t i = 0; i < text.size(); ++i) {
      encoding.ids.push_back(static_cast<unsigned char>(text[i]));
      encoding.offsets.emplace_back(i, i + 1);
    }
    return encoding;
  }
  std::string decode(std::span<const TokenId> ids, bool) const override { return {ids.begin(), ids.end()}; }
  std::string token_bytes(TokenId id) const override { return std::string(1, static_cast<char>(id)); }
  std::string piece(TokenId id) const override { return token_bytes(id); }
  std::optional<TokenId> find_piece(std::string_view piece) const override {
    return piece.size() == 1 ? std::optional<TokenId>(piece[0]) : std::nullopt;
  }
  bool is_special(TokenId) const override { return false; }
};

/// Prefers the digit after the latest "Label: " in what it has read, and counts the tokens it reads.
class EchoModel : public StepModel {
 public:
  class State : public SequenceState {
   public:
    std::size_t length() const override { return text.size(); }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<State>(*this); }
    void truncate(std::size_t length) override { text.resize(length); }
    std::string text;
  };

  std::size_t vocabulary() const override { return 256; }
  std::size_t context() const override { return 1 << 20; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<State>(); }
  std::size_t cache_bytes_per_token() const override { return sizeof(TokenId); }
  void prefill(SequenceState& state, std::span<const TokenId> tokens,
               std::span<float> logits) const override {
    std::string& text = static_cast<State&>(state).text;
    text.append(tokens.begin(), tokens.end());
    read += tokens.size();
    std::fill(logits.begin(), logits.end(), 0.0F);
    const std::size_t label = text.rfind("Label: ", text.size() - 8);
    if (label != std::string::npos) {
      logits[static_cast<unsigned char>(text[label + 7])] = 2.0F;
    }
  }
  void prefill_all(SequenceState&, std::span<const TokenId>, std::span<float>) const override {}
  void step(std::span<SequenceState* const>, std::span<const TokenId>, std::span<float>) const override {}

  mutable std::size_t read = 0;
};

LabelledSequence draw(std::uint64_t item) {
  RandomStream random(0, "language", 0, item);
  return make_task_law("mono-conjunction", {.dimensions = 5, .points = 20})->draw(random);
}

TEST(LanguageLearner, ChoosesTheLikelierDigit) {
  const EchoModel model;
  const ByteTokenizer tokenizer;
  LanguageLearner learner(model, tokenizer, nullptr);
  const LabelledSequence sequence = draw(0);
  const std::vector<bool> right = learner.judge(sequence);
  ASSERT_EQ(right.size(), 20U);
  EXPECT_EQ(right[0], sequence.labels[0] < 0) << "both digits alike: 0";
  for (std::size_t i = 1; i < right.size(); ++i) {
    EXPECT_EQ(right[i], sequence.labels[i] == sequence.labels[i - 1]) << i;
    EXPECT_NEAR(std::abs(learner.margin(sequence, static_cast<int>(i))), 2.0, 1e-6);
  }
}

TEST(LanguageLearner, ReadsWhatPromptsShareOnce) {
  const EchoModel model;
  const ByteTokenizer tokenizer;
  LanguageLearner used(model, tokenizer, nullptr);
  used.judge(draw(1));
  const std::size_t before = model.read;
  used.judge(draw(2));
  EXPECT_LT(model.read - before, function_prompt(draw(2), 19).size() + 400)
      << "not each prompt from its beginning";
  for (const int index : {7, 3, 12}) {
    LanguageLearner fresh(model, tokenizer, nullptr);
    EXPECT_EQ(used.margin(draw(3), index), fresh.margin(draw(3), index));
  }
}

TEST(LanguageLearner, ChatModelsAreAskedInTheirTemplate) {
  const EchoModel model;
  const ByteTokenizer tokenizer;
  const ChatTemplate chat(
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt "
      "%}<answer>Label: 1{% endif %}");
  LanguageLearner learner(model, tokenizer, &chat);
  EXPECT_NEAR(learner.margin(draw(0), 5), 2.0, 1e-6) << "the template's own end is what the model reads last";
}

}  // namespace
}  // namespace everform::functions
