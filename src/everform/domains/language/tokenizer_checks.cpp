#include "everform/domains/language/tokenizer_checks.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"

namespace everform {
namespace {

struct CodePoints {
  char32_t first;
  char32_t last;
};

constexpr std::array<CodePoints, 12> kRanges = {{{U' ', U'~'},
                                                 {U'a', U'z'},
                                                 {U' ', U' '},
                                                 {U'0', U'9'},
                                                 {U'\n', U'\r'},
                                                 {0x00, 0x1F},
                                                 {0xA0, 0x24F},
                                                 {0x370, 0x4FF},
                                                 {0x4E00, 0x9FFF},
                                                 {0x1F300, 0x1FAFF},
                                                 {0x2000, 0x206F},
                                                 {0xE000, 0x10FFFF}}};

constexpr std::size_t kLongest = 200;  // characters of a random text

std::string there_and_back(const Tokenizer& tokenizer, const std::string& text) {
  return tokenizer.decode(tokenizer.encode_ids(text, {.add_specials = false}));
}

/// The text without the characters of which the vocabulary lacks a byte.
std::string without_unspelled(const std::string& text, const std::array<bool, 256>& spelled) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_sequence_length(text, at), 1);
    const std::string character = text.substr(at, length);
    const bool whole = std::all_of(character.begin(), character.end(),
                                   [&](char c) { return spelled[static_cast<unsigned char>(c)]; });
    kept += whole ? character : "";
    at += length;
  }
  return kept;
}

}  // namespace

std::string random_utf8(RandomStream& random, std::size_t characters) {
  std::string text;
  const std::size_t wanted = random.below(characters + 1);
  for (std::size_t made = 0; made < wanted;) {
    const CodePoints& range = kRanges[random.below(kRanges.size())];
    const std::size_t run = std::min<std::size_t>(1 + random.below(8), wanted - made);
    for (std::size_t i = 0; i < run; ++i, ++made) {
      append_utf8(text, range.first + static_cast<char32_t>(random.below(range.last - range.first + 1)));
    }
  }
  return text;
}

std::array<bool, 256> spelled_bytes(const Tokenizer& tokenizer) {
  std::array<bool, 256> spelled{};
  for (std::size_t byte = 0; byte < spelled.size(); ++byte) {
    const std::string text(1, static_cast<char>(byte));
    spelled[byte] = there_and_back(tokenizer, text) == text;
  }
  return spelled;
}

CheckCount check_text_round_trip(const Tokenizer& tokenizer, std::uint64_t seed, std::size_t texts) {
  const std::array<bool, 256> spelled = spelled_bytes(tokenizer);
  CheckCount count;
  for (std::size_t i = 0; i < texts; ++i) {
    RandomStream random(seed, "tokenizer.texts", 0, i);
    const std::string text = without_unspelled(random_utf8(random, kLongest), spelled);
    count.expect(there_and_back(tokenizer, text) == text, "round trip of \"" + printable(text) + "\"");
  }
  return count;
}

CheckCount check_any_bytes(const Tokenizer& tokenizer, std::uint64_t seed, std::size_t texts) {
  const std::array<bool, 256> spelled = spelled_bytes(tokenizer);
  CheckCount count;
  for (std::size_t i = 0; i < texts; ++i) {
    RandomStream random(seed, "tokenizer.bytes", 0, i);
    std::string bytes = random_utf8(random, kLongest) + "\xFF";
    for (std::size_t change = random.below(10); change > 0; --change) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    std::string expected;
    std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(expected),
                 [&](char c) { return spelled[static_cast<unsigned char>(c)]; });
    count.expect(there_and_back(tokenizer, bytes) == expected, "the bytes \"" + printable(bytes) + "\"");
  }
  return count;
}

CheckCount check_frozen_ids(const Tokenizer& tokenizer, const FrozenEncoding& expected) {
  const std::vector<TokenId> ids = tokenizer.encode_ids(expected.text, {.add_specials = false});
  CheckCount count;
  for (std::size_t i = 0; i < expected.ids.size(); ++i) {
    count.expect(i < ids.size() && ids[i] == expected.ids[i], "id " + std::to_string(i));
  }
  if (ids.size() > expected.ids.size()) {
    count.failed.push_back(std::to_string(ids.size()) + " ids instead of " +
                           std::to_string(expected.ids.size()));
    count.passed = 0;
  }
  return count;
}

CheckCount check_specials_stay_text(const Tokenizer& tokenizer, const std::string& special) {
  const std::string text = "Write " + special + " here";
  const std::vector<TokenId> as_text = tokenizer.encode_ids(text, {.add_specials = false});
  const std::vector<TokenId> parsed =
      tokenizer.encode_ids(text, {.parse_specials = true, .add_specials = false});
  const auto special_ids = [&](const std::vector<TokenId>& ids) {
    return std::count_if(ids.begin(), ids.end(), [&](TokenId id) { return tokenizer.is_special(id); });
  };
  CheckCount count;
  count.expect(special_ids(as_text) == 0, special + " in a text is text");
  count.expect(tokenizer.decode(as_text) == text, special + " in a text is decoded again");
  count.expect(special_ids(parsed) == 1, special + " is a token where specials are asked for");
  return count;
}

}  // namespace everform
