// The hand-written matchers against their patterns under PCRE2.
#include "everform/core/text/split_kernels.h"

#include <gtest/gtest.h>

#include "everform/core/text/code_points.h"
#include "everform/core/text/pre_tokenizers.h"
#include "everform/core/text/regex.h"
#include "tests/core/text/random_text.h"

namespace everform::text {
namespace {

std::vector<std::uint32_t> ends_of(const PreTokenized& cut) {
  std::vector<std::uint32_t> ends;
  for (const auto& piece : cut.pieces) {
    ends.push_back(piece.end);
  }
  return ends;
}

// The slow way: the regular expression; for kGpt2Digits after a cut at every number.
std::vector<std::uint32_t> split_by_pattern(SplitKernel kernel, const std::string& text) {
  PreTokenized cut{MappedText(text, 0), {{0, static_cast<std::uint32_t>(text.size())}}};
  if (text.empty()) {
    return {};
  }
  if (kernel == SplitKernel::kGpt2Digits) {
    make_character_split(is_number, SplitBehavior::kIsolated)->apply(cut);
  }
  // A group around the pattern keeps it from being taken over by its kernel.
  const std::string pattern = "(?:" + std::string(pattern_of_kernel(kernel)) + ")";
  make_split(Regex(pattern, RegexDialect::kRust, "test"), SplitBehavior::kIsolated, false)->apply(cut);
  return ends_of(cut);
}

// Newly assigned characters differ between the releases of the two libraries; the matchers are compared on
// the others.
bool libraries_agree(char32_t value, const std::vector<bool>& disagree) {
  return !disagree[value];
}

std::vector<bool> find_disagreements() {
  std::string all;
  for (char32_t value = 1; value < 0x110000; ++value) {
    if (value < 0xd800 || value >= 0xe000) {
      append_utf8(all, value);
    }
  }
  std::vector<bool> disagree(0x110000, false);
  const auto compare = [&](const char* pattern, auto in_class) {
    std::vector<bool> matched(0x110000, false);
    const Regex regex(pattern, RegexDialect::kRust, "test");
    Regex::Search search(regex, all);
    while (const auto match = search.next()) {
      matched[code_point_at(all, match->begin).value] = true;
    }
    for (char32_t value = 1; value < 0x110000; ++value) {
      if ((value < 0xd800 || value >= 0xe000) && matched[value] != in_class(value)) {
        disagree[value] = true;
      }
    }
  };
  compare(R"(\p{L})", is_letter);
  compare(R"(\p{N})", is_number);
  compare(R"(\s)", is_white_space);
  return disagree;
}

TEST(SplitKernels, BothLibrariesKnowTheSameClasses) {
  const std::vector<bool> disagree = find_disagreements();
  const Regex unassigned(R"(\p{Cn})", RegexDialect::kRust, "test");
  for (char32_t value = 1; value < 0x110000; ++value) {
    if (!disagree[value]) {
      continue;
    }
    std::string text;
    append_utf8(text, value);
    const bool new_character =
        category(value) == UTF8PROC_CATEGORY_CN || Regex::Search(unassigned, text).next().has_value();
    EXPECT_TRUE(new_character) << "U+" << std::hex << static_cast<std::uint32_t>(value);
  }
}

class Kernels : public testing::TestWithParam<SplitKernel> {};

TEST_P(Kernels, AgreeWithTheirPatternOnRandomTexts) {
  const std::vector<bool> disagree = find_disagreements();
  for (std::uint64_t item = 0; item < 8000; ++item) {
    RandomStream random(7, "kernels", 0, item);
    const std::string text = test::random_text(
        random, random.below(24), {.invalid_bytes = item % 3 == 0, .any_code_point = item % 2 == 0});
    bool comparable = true;
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint point = code_point_at(text, at);
      comparable = comparable && (point.value >= kInvalidByte || libraries_agree(point.value, disagree));
      at += point.length;
    }
    std::vector<std::uint32_t> ends;
    split_by_kernel(GetParam(), text, 0, ends);
    if (comparable) {
      ASSERT_EQ(ends, split_by_pattern(GetParam(), text)) << testing::PrintToString(text);
    }
    if (!text.empty()) {
      ASSERT_EQ(ends.back(), text.size());
    }
  }
}

TEST_P(Kernels, AgreeOnShortTextsOfEveryClass) {
  const std::vector<std::string> letters = {"a", "1", " ", "\n", ".", "'", "s", "é"};
  std::vector<std::string> texts = {""};
  for (std::size_t length = 0; length < 5; ++length) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& letter : letters) {
        longer.push_back(text + letter);
      }
    }
    texts = std::move(longer);
    if (texts.size() > 5000) {
      break;
    }
  }
  for (const std::string& text : texts) {
    std::vector<std::uint32_t> ends;
    split_by_kernel(GetParam(), text, 0, ends);
    ASSERT_EQ(ends, split_by_pattern(GetParam(), text)) << testing::PrintToString(text);
  }
}

TEST_P(Kernels, LineStartsAreCuts) {
  for (std::uint64_t item = 0; item < 2000; ++item) {
    RandomStream random(9, "line starts", 0, item);
    const std::string text = test::random_text(random, 10, {.invalid_bytes = true}) +
                             (item % 2 == 0 ? ".\n" : "b\n") + (item % 3 == 0 ? "7" : "x") +
                             test::random_text(random, 10);
    std::vector<std::uint32_t> whole;
    split_by_kernel(GetParam(), text, 0, whole);
    const std::size_t cut = find_line_start(text, 1);
    ASSERT_LT(cut, text.size());
    std::vector<std::uint32_t> parts;
    split_by_kernel(GetParam(), std::string_view(text).substr(0, cut), 0, parts);
    split_by_kernel(GetParam(), std::string_view(text).substr(cut), static_cast<std::uint32_t>(cut), parts);
    ASSERT_EQ(parts, whole) << testing::PrintToString(text);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Kernels,
                         testing::Values(SplitKernel::kGpt2, SplitKernel::kGpt2Digits, SplitKernel::kLlama3,
                                         SplitKernel::kQwen2));

TEST(SplitKernels, FindsLineStarts) {
  EXPECT_EQ(find_line_start("ab\ncd\nef", 0), 3U);
  EXPECT_EQ(find_line_start("ab\ncd\nef", 4), 6U);
  EXPECT_EQ(find_line_start("ab\n cd \nef\n\ng", 0), 13U) << "a space before or after the line feed";
  EXPECT_EQ(find_line_start("\nab", 0), 3U);
  EXPECT_EQ(find_line_start("", 0), 0U);
}

}  // namespace
}  // namespace everform::text
