// What SmolLM2-135M-Instruct (its bundled Q4_1 file) says according to an independent implementation: Hugging
// Face `transformers` 5.24 with PyTorch 2.13 on the dequantized weights in float32, and that implementation's
// tokenizer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform {

/// A prompt and its greedy continuation of 24 tokens. The smallest lead of a first over a second logit on the
/// way is 0.007.
struct FrozenContinuation {
  std::string_view prompt;
  std::string_view text;
};
const std::vector<FrozenContinuation>& smollm2_continuations();

/// A text of many scripts, code and a spelled-out special token, and its 200 ids with special tokens read as
/// text.
struct FrozenEncoding {
  std::string_view text;
  std::vector<TokenId> ids;
};
const FrozenEncoding& smollm2_encoding();

/// A conversation in OpenAI's form (JSON), rendered by the model's own template with the opening of an
/// answer.
struct FrozenRendering {
  std::string_view messages;
  std::string_view text;
};
const std::vector<FrozenRendering>& smollm2_renderings();

/// Ten capitals; the first is France's.
const std::vector<std::string>& ten_capitals();

}  // namespace everform
