#include "everform/workbench/sampling/byte_completion.h"

#include <algorithm>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr TokenId kBytes = 256;

std::string text_of(const std::vector<TokenId>& tokens, std::int64_t longest) {
  std::string text;
  for (const TokenId token : tokens) {
    if (static_cast<std::int64_t>(text.size()) == longest) {
      break;
    }
    if (token < 0 || token >= kBytes) {
      throw Error(ErrorKind::kFailed, "sampling bytes",
                  "the model drew token " + std::to_string(token) + ", which is no byte");
    }
    text.push_back(static_cast<char>(token));
  }
  return text;
}

}  // namespace

std::vector<std::string> complete_bytes(Transformer& transformer, const std::vector<std::string>& prompts,
                                        const std::function<std::int64_t(const std::string& prompt)>& longest,
                                        AutoregressiveOptions options) {
  std::vector<std::vector<TokenId>> tokens;
  options.max_tokens = 0;
  for (const std::string& prompt : prompts) {
    tokens.emplace_back();
    for (const char c : prompt) {
      tokens.back().push_back(static_cast<std::uint8_t>(c));
    }
    options.max_tokens = std::max(options.max_tokens, longest(prompt));
  }
  const std::vector<std::vector<TokenId>> drawn = sample_autoregressive(transformer, tokens, options);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    texts.push_back(text_of(drawn[i], longest(prompts[i])));
  }
  return texts;
}

}  // namespace everform
