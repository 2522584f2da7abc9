#include "everform/core/server/shown_text.h"

#include <utility>

namespace everform::server {

ShownText::ShownText(const Tokenizer& tokenizer, const std::vector<std::string>& stop)
    : tokenizer_(tokenizer), stop_(stop) {}

JobPiece ShownText::push(TokenId token, const ScoredToken* scored) {
  std::string shown;
  bool in_the_middle = false;
  if (!tokenizer_.is_special(token)) {
    const std::string bytes = tokenizer_.token_bytes(token);
    const std::string characters = characters_.push(bytes);
    in_the_middle = !bytes.empty() && characters.empty();
    in_ += characters.size();
    shown = stop_.push(characters);
  }
  if (scored != nullptr) {
    held_.push_back({in_ + (in_the_middle ? 1 : 0), *scored});
  }
  return let_out(std::move(shown), false);
}

JobPiece ShownText::finish() {
  if (stop_.stopped()) {
    return let_out({}, false);
  }
  std::string rest = stop_.push(characters_.flush());
  rest += stop_.flush();
  return let_out(std::move(rest), !stop_.stopped());
}

JobPiece ShownText::let_out(std::string text, bool all) {
  JobPiece piece;
  out_ += text.size();
  piece.text = std::move(text);
  while (!held_.empty() && (all || held_.front().end <= out_)) {
    piece.tokens.push_back(std::move(held_.front().token));
    held_.pop_front();
  }
  return piece;
}

}  // namespace everform::server
