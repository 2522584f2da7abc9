// Random texts for property tests: from the characters that tokenizers treat differently, broken UTF-8 among
// them.
#pragma once

#include <string>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/base/utf8.h"

namespace everform::test {

struct RandomTextOptions {
  bool invalid_bytes = false;
  bool any_code_point = false;  ///< also arbitrary assigned and unassigned ones ...
  char32_t lowest = 0;          ///< ... from here
  char32_t end = 0x110000;      ///< ... up to here
};

inline std::string random_text(RandomStream& random, std::size_t parts,
                               const RandomTextOptions& options = {}) {
  static const std::vector<std::string> pool = {"a",
                                                "b",
                                                "e",
                                                "s",
                                                "t",
                                                "ll",
                                                "Z",
                                                "S",
                                                "T",
                                                "LL",
                                                " ",
                                                " ",
                                                " ",
                                                "  ",
                                                "\n",
                                                "\n",
                                                "\r",
                                                "\t",
                                                "\v",
                                                "'",
                                                "'s",
                                                "'S",
                                                "'re",
                                                "'Ve",
                                                "'",
                                                "0",
                                                "1",
                                                "23",
                                                "9",
                                                ".",
                                                ",",
                                                "!",
                                                "-",
                                                "_",
                                                "(",
                                                "\x01",
                                                "é",
                                                "ß",
                                                "ſ",
                                                "İ",
                                                "Ж",
                                                "я",
                                                "中",
                                                "文",
                                                "か",
                                                "が",
                                                "각",
                                                "ا",
                                                "٣",
                                                "²",
                                                "Ⅷ",
                                                "½",
                                                "€",
                                                "“",
                                                "—",
                                                "🙂",
                                                "👨‍👩",
                                                "́",
                                                "̃",
                                                "̧",
                                                "᠎",
                                                " ",
                                                " ",
                                                "　",
                                                " ",
                                                "\xc2\x85",
                                                "\xef\xbb\xbf",
                                                "\xef\xbf\xbd",
                                                "▁",
                                                "क",
                                                "ि",
                                                "์"};
  static const std::vector<std::string> broken = {"\xff",         "\x80",     "\xc3",         "\xe2\x82",
                                                  "\xf0\x9f\x99", "\xc0\xaf", "\xed\xa0\x80", "\xf5"};
  std::string text;
  for (std::size_t i = 0; i < parts; ++i) {
    if (options.invalid_bytes && random.below(12) == 0) {
      text += broken[random.below(broken.size())];
    } else if (options.any_code_point && random.below(6) == 0) {
      const char32_t end = random.bernoulli(0.5) ? 0x3000 : options.end;
      const auto value = options.lowest + static_cast<char32_t>(random.below(end - options.lowest));
      append_utf8(text, value >= 0xd800 && value < 0xe000 ? U'x' : value);
    } else {
      text += pool[random.below(pool.size())];
    }
  }
  return text;
}

}  // namespace everform::test
