#include "everform/core/text/normalizers.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstring>

#include "everform/core/base/error.h"
#include "everform/core/text/code_points.h"
#include "tests/core/text/random_text.h"

namespace everform::text {
namespace {

std::string run(const std::unique_ptr<Normalizer>& normalizer, const std::string& text) {
  return normalized(normalizer.get(), text);
}

std::string by_utf8proc(const std::string& text, UnicodeForm form) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.c_str());
  utf8proc_uint8_t* made = nullptr;
  switch (form) {
    case UnicodeForm::kNfc:
      made = utf8proc_NFC(bytes);
      break;
    case UnicodeForm::kNfd:
      made = utf8proc_NFD(bytes);
      break;
    case UnicodeForm::kNfkc:
      made = utf8proc_NFKC(bytes);
      break;
    case UnicodeForm::kNfkd:
      made = utf8proc_NFKD(bytes);
      break;
  }
  std::string out = reinterpret_cast<const char*>(made);
  free(made);
  return out;
}

class UnicodeForms : public testing::TestWithParam<UnicodeForm> {};

TEST_P(UnicodeForms, AgreeWithTheLibraryOnWholeTexts) {
  const auto normalizer = make_unicode_form(GetParam());
  for (std::uint64_t item = 0; item < 6000; ++item) {
    RandomStream random(5, "forms", 0, item);
    const std::string text = test::random_text(random, random.below(20), {.any_code_point = true});
    if (text.find('\0') == std::string::npos) {
      ASSERT_EQ(run(normalizer, text), by_utf8proc(text, GetParam())) << testing::PrintToString(text);
    }
  }
  // Marks in all orders, Hangul in all shapes.
  for (std::uint64_t item = 0; item < 6000; ++item) {
    RandomStream random(5, "marks", 0, item);
    std::string text;
    for (std::uint64_t i = 0; i < 1 + random.below(8); ++i) {
      const std::vector<char32_t> pool = {'a',    'e',    0x301,  0x327,  0x30a, 0x323, 0x1100,
                                          0x1161, 0x11a8, 0xac00, 0xac01, 0x9c7, 0x9be, 0x1e9b};
      append_utf8(text, pool[random.below(pool.size())]);
    }
    ASSERT_EQ(run(normalizer, text), by_utf8proc(text, GetParam())) << testing::PrintToString(text);
  }
}

TEST_P(UnicodeForms, EveryByteKnowsWhereItCameFrom) {
  const auto normalizer = make_unicode_form(GetParam());
  for (std::uint64_t item = 0; item < 2000; ++item) {
    RandomStream random(6, "sources", 0, item);
    const std::string text = test::random_text(random, 12, {.invalid_bytes = true});
    MappedText mapped(text, 0);
    normalizer->apply(mapped);
    for (std::size_t i = 0; i < mapped.text().size(); ++i) {
      const Range source = mapped.source(i, i + 1);
      ASSERT_LT(source.begin, source.end);
      ASSERT_LE(source.end, text.size());
    }
    if (!text.empty()) {
      EXPECT_EQ(mapped.source(0, mapped.text().size()).begin, 0U);
    }
  }
}

TEST_P(UnicodeForms, AMillionMarksTakeNoLongerEach) {
  std::string text = "a";
  for (int i = 0; i < 500'000; ++i) {
    text += i % 2 == 0 ? "\u0301" : "\u0327";  // in the wrong order, all of them
  }
  const std::string out = run(make_unicode_form(GetParam()), text);
  EXPECT_GE(out.size(), 999'998U);
}

INSTANTIATE_TEST_SUITE_P(All, UnicodeForms,
                         testing::Values(UnicodeForm::kNfc, UnicodeForm::kNfd, UnicodeForm::kNfkc,
                                         UnicodeForm::kNfkd));

TEST(Normalizers, BrokenBytesPassThrough) {
  const std::string text = "a\xff\u0301\xc3";
  EXPECT_EQ(run(make_unicode_form(UnicodeForm::kNfc), text), text);
  EXPECT_EQ(run(make_lowercase(), "A\xff\xc3"), "a\xff\xc3");
  EXPECT_EQ(run(make_bert_normalizer({}), "A\xff"), "a\xff");
}

TEST(Normalizers, LowerCase) {
  EXPECT_EQ(run(make_lowercase(), "ÄÖß İ ΑΣ Ǆ"), "äöß i̇ ασ ǆ");
}

TEST(Normalizers, Replacements) {
  EXPECT_EQ(run(make_replace(" ", "▁"), " a  b"), "▁a▁▁b");
  EXPECT_EQ(run(make_replace("", "x"), "ab"), "ab");
  EXPECT_EQ(run(make_regex_replace(Regex(R"(\s+)", RegexDialect::kOniguruma, "test"), " "), "a\t\n b"),
            "a b");
  EXPECT_EQ(run(make_prepend("▁"), "a"), "▁a");
  EXPECT_EQ(run(make_prepend("▁"), ""), "");
  EXPECT_EQ(run(make_strip(true, false), " \u3000a b "), "a b ");
  EXPECT_EQ(run(make_strip(false, true), " a\u00a0\n"), " a");
  EXPECT_EQ(run(make_strip(true, true), " \n "), "");
  EXPECT_EQ(run(make_byte_level(), "é a"), "Ã©Ġa");
}

TEST(Normalizers, SourcesOfReplacements) {
  const std::string text = "ab  cd";
  MappedText mapped(text, 100);
  make_regex_replace(Regex(" +", RegexDialect::kRust, "test"), "---")->apply(mapped);
  ASSERT_EQ(mapped.text(), "ab---cd");
  EXPECT_EQ(mapped.source(2, 5), (Range{102, 104}));
  EXPECT_EQ(mapped.source(3, 4), (Range{102, 104}));
  EXPECT_EQ(mapped.source(1, 6), (Range{101, 105}));
  EXPECT_EQ(mapped.slice({4, 7}).text(), "-cd");
  EXPECT_EQ(mapped.slice({5, 7}).source(0, 1), (Range{104, 105}));
}

TEST(Normalizers, Bert) {
  EXPECT_EQ(run(make_bert_normalizer({}), "Héllo\tWörld\x01 中a"), "hello world  中 a");
  EXPECT_EQ(run(make_bert_normalizer({.strip_accents = false, .lowercase = false}), "Hé"), "Hé");
}

TEST(Normalizers, GrowthHasALimit) {
  const std::string text(2048, 'a');
  const auto huge = make_replace("a", std::string(std::size_t{1} << 20, 'x'));
  try {
    run(huge, text);
    ADD_FAILURE() << "2 GiB were made";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
  }
}

// A table as SentencePiece compiles it: a Darts double array with the one key "ab" -> "xyz".
std::string base64(const std::string& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = (bits << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j <= bytes.size() ? digits[(bits >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return out;
}

std::string charsmap() {
  std::vector<std::uint32_t> units(512, 0);
  const auto place = [&](std::size_t at, std::uint32_t offset, unsigned char label, bool leaf) {
    units[at] = (offset << 10) | (leaf ? 1U << 8 : 0U) | label;
  };
  place(0, 256, 0, false);            // the root's children lie around 256
  place(256 ^ 'a', 128, 'a', false);  // below 'a': (256 ^ 'a') ^ 128
  const std::uint32_t below_a = (256 ^ 'a') ^ 128;
  place(below_a ^ 'b', 1, 'b', true);            // its value lies at node ^ 1
  units[(below_a ^ 'b') ^ 1] = 0x80000000U | 4;  // offset 4 of the replacements
  std::string blob(4 + units.size() * 4, '\0');
  const auto bytes = static_cast<std::uint32_t>(units.size() * 4);
  std::memcpy(blob.data(), &bytes, 4);
  std::memcpy(blob.data() + 4, units.data(), units.size() * 4);
  blob += std::string("\0\0\0\0xyz\0", 8);
  return blob;
}

TEST(Normalizers, PrecompiledTables) {
  const auto normalizer = make_precompiled(base64(charsmap()), "test");
  EXPECT_EQ(run(normalizer, "cabbage ab a"), "cxyzbage xyz a");
}

TEST(Normalizers, BrokenPrecompiledTablesAreRefusedOrHarmless) {
  const std::string good = charsmap();
  EXPECT_THROW(make_precompiled("?", "test"), Error);
  for (std::size_t size = 0; size < 4 + 512 * 4; size += 97) {
    EXPECT_THROW(make_precompiled(base64(good.substr(0, size)), "test"), Error) << size;
  }
  for (std::uint64_t item = 0; item < 500; ++item) {
    RandomStream random(8, "charsmap", 0, item);
    std::string bad = good;
    for (int i = 0; i < 200; ++i) {
      bad[4 + random.below(bad.size() - 4)] = static_cast<char>(random.below(256));
    }
    const auto normalizer = make_precompiled(base64(bad), "test");
    run(normalizer, "cabbage ab a \xff é");
  }
}

}  // namespace
}  // namespace everform::text
