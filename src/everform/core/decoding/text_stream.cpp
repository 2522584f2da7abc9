#include "everform/core/decoding/text_stream.h"

#include <utility>

namespace everform {

TextStream::TextStream(const Tokenizer& tokenizer, const std::vector<std::string>& stop,
                       std::function<void(std::string_view)> on_text)
    : tokenizer_(tokenizer), stop_(stop), on_text_(std::move(on_text)) {}

bool TextStream::push(TokenId token) {
  if (!tokenizer_.is_special(token)) {
    show(stop_.push(characters_.push(tokenizer_.token_bytes(token))));
  }
  return !stop_.stopped();
}

void TextStream::finish() {
  if (!stop_.stopped()) {
    show(stop_.push(characters_.flush()));
  }
  show(stop_.flush());
}

void TextStream::show(const std::string& piece) {
  if (piece.empty()) {
    return;
  }
  text_ += piece;
  if (on_text_) {
    on_text_(piece);
  }
}

}  // namespace everform
