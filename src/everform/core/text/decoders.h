// From pieces back to text: the chain of steps that a tokenizer file names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "everform/core/text/regex.h"

namespace everform::text {

/// Pieces on their way back to text.
struct DecodeState {
  struct Part {
    std::string text;
    bool added = false;  ///< an added token: its text is not spelled in bytes
  };
  std::vector<Part> parts;
  bool begins = true;  ///< the first part is the text's beginning
  bool ends = true;    ///< the last part is the text's end
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void apply(DecodeState& state) const = 0;
};

/// Characters of the byte alphabet become bytes. A piece that is not spelled in it stays as it is.
std::unique_ptr<Decoder> make_byte_level_decoder();
/// "<0x41>" becomes the byte.
std::unique_ptr<Decoder> make_byte_fallback_decoder();
/// `replacement` becomes a space; those of the first piece go where a space was put in front (`drop_first`).
std::unique_ptr<Decoder> make_metaspace_decoder(std::string replacement, bool drop_first);
/// A space before each piece but the first and those that begin with `prefix`, which goes; `cleanup` draws
/// punctuation to its word.
std::unique_ptr<Decoder> make_wordpiece_decoder(std::string prefix, bool cleanup);
/// `suffix` becomes a space, at the end of the text nothing.
std::unique_ptr<Decoder> make_suffix_decoder(std::string suffix);
/// All pieces become one.
std::unique_ptr<Decoder> make_fuse_decoder();
/// Up to `start` and `stop` copies of `content` go from the beginning and end of each piece.
std::unique_ptr<Decoder> make_strip_decoder(std::string content, std::size_t start, std::size_t stop);
std::unique_ptr<Decoder> make_replace_decoder(std::string literal, std::string content);
std::unique_ptr<Decoder> make_regex_replace_decoder(Regex pattern, std::string content);

}  // namespace everform::text
