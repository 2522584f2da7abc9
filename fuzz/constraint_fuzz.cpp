// Forms of text: JSON schemas, regular expressions and grammars, compiled, and a few tokens written under
// them. The first byte of the data chooses the kind.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/constraint.h"

namespace {

using everform::TokenId;

// All bytes, a few longer tokens that cut characters and JSON's punctuation, and an end token.
class SmallTokenizer : public everform::Tokenizer {
 public:
  static constexpr TokenId kEnd = 256;

  std::string kind() const override { return "characters"; }
  std::size_t vocabulary_size() const override { return 257 + longer_.size(); }
  everform::Encoding encode(std::string_view, const everform::EncodeOptions&) const override { return {}; }
  std::string decode(std::span<const TokenId>, bool) const override { return ""; }
  std::string token_bytes(TokenId id) const override {
    return id < kEnd    ? std::string(1, static_cast<char>(id))
           : id == kEnd ? ""
                        : longer_[static_cast<std::size_t>(id - kEnd - 1)];
  }
  std::string piece(TokenId id) const override { return token_bytes(id); }
  std::optional<TokenId> find_piece(std::string_view) const override { return std::nullopt; }
  bool is_special(TokenId id) const override { return id == kEnd; }

 private:
  std::vector<std::string> longer_ = {"\":", "\",",  "{\"",  "ab",       "aaaa", "},",
                                      "]}",  "null", "\xC3", "\xE2\x82", "\n  "};
};

const everform::ConstraintVocabulary& vocabulary() {
  static const everform::ConstraintVocabulary value{std::make_shared<SmallTokenizer>(),
                                                    {SmallTokenizer::kEnd}};
  return value;
}

std::shared_ptr<const everform::Constraint> compile(unsigned kind, const std::string& text) {
  switch (kind % 3) {
    case 0:
      return everform::regex_constraint(text, vocabulary());
    case 1:
      return everform::grammar_constraint(text, vocabulary());
    default:
      return everform::json_schema_constraint(nlohmann::ordered_json::parse(text, nullptr, false),
                                              vocabulary());
  }
}

// Some token must be allowed at every step; which of them is taken follows the data.
void write(const everform::Constraint& constraint, const std::string& data) {
  const auto processor = constraint.begin(0);
  std::vector<TokenId> context;
  std::vector<float> logits(vocabulary().tokenizer->vocabulary_size());
  for (std::size_t step = 0; step < 24; ++step) {
    std::fill(logits.begin(), logits.end(), 0.0F);
    processor->apply(context, logits);
    std::vector<TokenId> allowed;
    for (std::size_t id = 0; id < logits.size(); ++id) {
      if (!std::isinf(logits[id])) {
        allowed.push_back(static_cast<TokenId>(id));
      }
    }
    if (allowed.empty()) {
      __builtin_trap();
    }
    const auto choice = static_cast<std::uint8_t>(data[step % data.size()]) * 31U + step;
    context.push_back(allowed[choice % allowed.size()]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    write(*compile(data[0], text), text + "x");
  } catch (const everform::Error&) {
    // Refusing is right; crashing, hanging and anything else thrown is not.
  }
  return 0;
}
