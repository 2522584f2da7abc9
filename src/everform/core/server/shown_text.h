// The text of one generation on its way out, with the tokens that each piece of it came from.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "everform/core/decoding/stop_strings.h"
#include "everform/core/decoding/utf8_assembler.h"
#include "everform/core/server/job.h"

namespace everform::server {

/// As TextStream, and holds a scored token back until its text is out, so that no part of a stop string is
/// shown by its tokens either.
class ShownText {
 public:
  ShownText(const Tokenizer& tokenizer, const std::vector<std::string>& stop);

  /// What `token` lets out. @param scored kept with its text where `scores` are wanted
  JobPiece push(TokenId token, const ScoredToken* scored);
  bool stopped() const { return stop_.stopped(); }
  /// What was held back, once the text has ended.
  JobPiece finish();

 private:
  struct Held {
    std::size_t end;  ///< bytes of text that must be out
    ScoredToken token;
  };
  JobPiece let_out(std::string text, bool all);

  const Tokenizer& tokenizer_;
  Utf8Assembler characters_;
  StopStrings stop_;
  std::deque<Held> held_;
  std::size_t in_ = 0;   ///< bytes of whole characters so far
  std::size_t out_ = 0;  ///< bytes shown so far
};

}  // namespace everform::server
