#include "everform/domains/language/conversation.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/text/chat_template.h"
#include "tests/domains/language/fake_model.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

constexpr const char* kGood =
    R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]})";

std::string fault(const std::string& jsonl) {
  try {
    parse_conversations(jsonl, "c.jsonl");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.where() + ": " + error.message();
  }
  return "";
}

TEST(Conversations, FaultsNameTheirLine) {
  EXPECT_EQ(parse_conversations(std::string(kGood) + "\n\n" + kGood + "\n", "c").size(), 2U);
  EXPECT_NE(fault(std::string(kGood) + "\n{]").find("c.jsonl:2"), std::string::npos);
  EXPECT_NE(fault(R"({"messages":[{"role":"robot","content":"Hi"}]})").find("\"robot\" is no role"),
            std::string::npos);
  EXPECT_NE(fault(R"({"messages":[{"role":"user","content":1}]})").find("both texts"), std::string::npos);
  EXPECT_NE(fault(R"({"messages":[{"role":"user","content":"Hi"}]})").find("no answer"), std::string::npos);
  EXPECT_NE(fault(R"({"messages":"Hi"})").find("list of messages"), std::string::npos);
  EXPECT_NE(fault("\n").find("no conversation"), std::string::npos);
}

/// The text of the learned tokens, '.' in place of the others.
std::string learned_text(const MaskedTokens& masked) {
  std::string text;
  for (std::size_t i = 0; i < masked.ids.size(); ++i) {
    text += masked.learned[i] != 0 ? static_cast<char>(masked.ids[i]) : '.';
  }
  return text;
}

TEST(PromptMasking, LearnsWhatTheAssistantSays) {
  const std::string chat_template =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}|{% endfor %}{% if add_generation_prompt "
      "%}<assistant>{% endif %}";
  const Conversation conversation = Conversation::parse(
      R"([{"role":"user","content":"a"},{"role":"assistant","content":"BC"},{"role":"user","content":"d"},
          {"role":"assistant","content":"E"}])");
  const MaskedTokens masked = mask_prompts(test::ByteTokenizer(), chat_template, conversation);
  EXPECT_EQ(learned_text(masked), "...................BC|...................E|");
}

TEST(PromptMasking, RefusesATemplateThatRewritesThePast) {
  const std::string rewriting =
      "{{ messages|length }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  EXPECT_THROW(mask_prompts(test::ByteTokenizer(), rewriting, parse_conversations(kGood, "c")[0]), Error);
}

TEST(PromptMasking, SmolLm2LearnsTheAnswerAndItsEnd) {
  const auto path = test::bundled_models() / "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
  EVERFORM_NEEDS(path);
  const auto tokenizer = load_tokenizer(path);
  const MaskedTokens masked =
      mask_prompts(*tokenizer, *tokenizer->chat_template(), parse_conversations(kGood, "c")[0]);
  std::vector<TokenId> learned;
  for (std::size_t i = 0; i < masked.ids.size(); ++i) {
    if (masked.learned[i] != 0) {
      learned.push_back(masked.ids[i]);
    }
  }
  EXPECT_EQ(tokenizer->decode(learned, true), "Yes<|im_end|>\n");
}

TEST(TrainingSamples, AreShiftedByOne) {
  const Sample sample = next_token_sample({{5, 6, 7, 8}, {0, 0, 1, 1}}, 99);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(sample.arrays.at("tokens").values),
            (std::vector<std::int64_t>{5, 6, 7}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(sample.arrays.at("targets").values),
            (std::vector<std::int64_t>{6, 7, 8}));
  EXPECT_EQ(std::get<std::vector<std::uint8_t>>(sample.arrays.at("mask").values),
            (std::vector<std::uint8_t>{0, 1, 1}));
  const Sample cut = next_token_sample({{5, 6, 7, 8}, {0, 0, 1, 1}}, 2);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(cut.arrays.at("targets").values),
            (std::vector<std::int64_t>{6, 7}));
  EXPECT_THROW(next_token_sample({{5}, {1}}, 2), Error);
}

TEST(TrainingSamples, TextsAreCutIntoWholePieces) {
  const auto pieces = cut_text(test::ByteTokenizer(), "abcdefgh", 3);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1].ids, (std::vector<TokenId>{'d', 'e', 'f'}));
  EXPECT_EQ(pieces[1].learned, (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_THROW(cut_text(test::ByteTokenizer(), "ab", 3), Error);
}

}  // namespace
}  // namespace everform
