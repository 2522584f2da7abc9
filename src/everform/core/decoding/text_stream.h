// Tokens on their way to a reader: whole characters, no special tokens, no stop strings.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/stop_strings.h"
#include "everform/core/decoding/utf8_assembler.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

class TextStream {
 public:
  /// @param on_text called with each new piece; may be empty
  TextStream(const Tokenizer& tokenizer, const std::vector<std::string>& stop,
             std::function<void(std::string_view)> on_text = {});

  /// False once a stop string is complete.
  bool push(TokenId token);
  /// Shows what was held back.
  void finish();
  const std::string& text() const { return text_; }

 private:
  void show(const std::string& piece);

  const Tokenizer& tokenizer_;
  Utf8Assembler characters_;
  StopStrings stop_;
  std::function<void(std::string_view)> on_text_;
  std::string text_;
};

}  // namespace everform
