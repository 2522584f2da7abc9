// Vocabularies of published models against the ids that their own implementations give.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "everform/core/base/atomic_file.h"
#include "everform/core/text/tokenizer.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

constexpr const char* kMark = "\n__ggml_vocab_test__\n";

std::filesystem::path known_answers() {
  return test::shared_data("tokenizers-known-answers");
}

std::vector<std::string> read_texts(const std::filesystem::path& path) {
  std::string all = read_file(path);
  std::vector<std::string> texts;
  const std::string mark = kMark;
  std::size_t done = 0;
  for (std::size_t at = all.find(mark); at != std::string::npos; at = all.find(mark, done)) {
    texts.push_back(all.substr(done, at - done));
    done = at + mark.size();
  }
  return texts;
}

std::vector<std::vector<TokenId>> read_ids(const std::filesystem::path& path) {
  std::vector<std::vector<TokenId>> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<TokenId> ids;
    for (TokenId id = 0; words >> id;) {
      ids.push_back(id);
    }
    lines.push_back(std::move(ids));
  }
  return lines;
}

// Offsets lie inside the text, in order, and cover what they say.
void expect_sound_offsets(const Encoding& encoding, const std::string& text) {
  ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
  std::size_t last = 0;
  for (const auto& [begin, end] : encoding.offsets) {
    EXPECT_LE(begin, end);
    EXPECT_LE(last, begin);
    EXPECT_LE(end, text.size());
    last = begin;
  }
}

class GgufKnownAnswers : public testing::TestWithParam<const char*> {};

TEST_P(GgufKnownAnswers, Agree) {
  const std::filesystem::path file = known_answers() / (std::string("ggml-vocab-") + GetParam() + ".gguf");
  EVERFORM_NEEDS(file);
  const auto tokenizer = load_tokenizer(file);
  const auto texts = read_texts(file.string() + ".inp");
  const auto ids = read_ids(file.string() + ".out");
  ASSERT_EQ(texts.size(), 46U);
  ASSERT_EQ(ids.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Encoding encoding = tokenizer->encode(texts[i], {.add_specials = false});
    EXPECT_EQ(encoding.ids, ids[i]) << "text " << i << ": " << testing::PrintToString(texts[i]);
    expect_sound_offsets(encoding, texts[i]);
    EXPECT_EQ(tokenizer->encode_ids(texts[i], {.add_specials = false}), ids[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufKnownAnswers, testing::Values("gpt-2", "phi-3", "bert-bge"));

}  // namespace
}  // namespace everform
