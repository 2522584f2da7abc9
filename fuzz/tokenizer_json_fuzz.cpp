// tokenizer.json: whatever the file says, it either loads or is refused by an Error, and what loads encodes
// and decodes without harm.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/json_text.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/tokenizer_training.h"

namespace {

void require(bool holds) {
  if (!holds) {
    __builtin_trap();
  }
}

void encode_and_decode(const everform::Tokenizer& tokenizer, const std::string& text) {
  for (const bool specials : {false, true}) {
    const everform::Encoding encoding =
        tokenizer.encode(text, {.parse_specials = specials, .add_specials = specials});
    require(encoding.ids.size() == encoding.offsets.size());
    for (const auto& [begin, end] : encoding.offsets) {
      require(begin <= end && end <= text.size());
    }
    std::vector<everform::TokenId> known;
    for (const everform::TokenId id : encoding.ids) {
      if (id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocabulary_size()) {
        known.push_back(id);
        tokenizer.piece(id);
        tokenizer.token_bytes(id);
      }
    }
    tokenizer.decode(known);
    tokenizer.decode(known, true);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  try {
    const auto tokenizer = everform::make_tokenizer(everform::parse_json(input, "fuzz"), "fuzz");
    encode_and_decode(
        *tokenizer, "Hello  w\xc3\xb6rld's 12 \xe4\xb8\xad <s>\xff[MASK]\n e\xcc\x81" + std::string(60, 'a'));
    encode_and_decode(*tokenizer, input.substr(0, 200));
  } catch (const everform::Error& error) {
    require(std::string(error.what()).size() < 4096);
  }
  return 0;
}
