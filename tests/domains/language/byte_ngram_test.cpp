#include "everform/domains/language/byte_ngram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/domains/language/corpus.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

/// The definition, recursively and by counting substrings.
double reference(const std::string& text, const std::string& context, char byte) {
  const auto occurrences = [&](const std::string& what) {
    double count = 0;
    for (std::size_t at = 0; at + what.size() <= text.size(); ++at) {
      count += text.compare(at, what.size(), what) == 0 ? 1 : 0;
    }
    return count;
  };
  double total = 0;
  double different = 0;
  for (int b = 0; b < 256; ++b) {
    const double count = occurrences(context + static_cast<char>(b));
    total += count;
    different += count > 0 ? 1 : 0;
  }
  const double shorter = context.empty() ? 1.0 / 256.0 : reference(text, context.substr(1), byte);
  return total == 0 ? shorter : (occurrences(context + byte) + different * shorter) / (total + different);
}

std::string random_text(std::size_t size, std::size_t letters, std::uint64_t seed) {
  RandomStream random(seed, "text");
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += static_cast<char>('a' + static_cast<char>(random.below(letters)));
  }
  return text;
}

TEST(ByteNgram, AgreesWithTheDefinition) {
  const std::string text = random_text(80, 3, 1);
  ByteNgram model(3);
  model.train(text);
  for (const std::string context : {"", "a", "ab", "ca", "zz", "az", "za"}) {
    for (const char byte : {'a', 'b', 'c', 'z'}) {
      EXPECT_NEAR(model.probability(context, static_cast<unsigned char>(byte)),
                  reference(text, context, byte), 1e-12)
          << context << byte;
    }
  }
}

TEST(ByteNgram, ProbabilitiesSumToOne) {
  ByteNgram model(5);
  model.train(random_text(2000, 26, 2));
  for (const std::string context : {"", "abcd", "zzzzzzz", "qu"}) {
    double sum = 0;
    for (int byte = 0; byte < 256; ++byte) {
      sum += model.probability(context, static_cast<unsigned char>(byte));
    }
    EXPECT_NEAR(sum, 1.0, 1e-12) << context;
  }
}

TEST(ByteNgram, UntrainedIsUniformAndLearningHelps) {
  ByteNgram model(5);
  EXPECT_DOUBLE_EQ(model.bits_per_byte("anything"), 8.0);
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += "abcdef";
  }
  model.train(text);
  EXPECT_LT(model.bits_per_byte(text), 0.05);
  EXPECT_THROW(model.bits_per_byte(""), Error);
  EXPECT_THROW(ByteNgram(0), Error);
  EXPECT_THROW(ByteNgram(8), Error);
}

TEST(ByteNgram, EnglishIsWhatItShouldBe) {
  const auto path = test::shared_data("text-tinyshakespeare/input.txt");
  EVERFORM_NEEDS(path);
  const std::string text = read_text(path);
  double before = 8.0;
  for (const int order : {1, 3, 5}) {
    ByteNgram model(order);
    model.train(text.substr(0, 1'000'000));
    const double bits = model.bits_per_byte(text.substr(1'000'000));
    EXPECT_LT(bits, before);
    before = bits;
  }
  EXPECT_GT(before, 1.8);
  EXPECT_LT(before, 2.7);
}

}  // namespace
}  // namespace everform
