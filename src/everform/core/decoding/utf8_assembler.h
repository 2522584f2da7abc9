// Bytes as tokens bring them, back into whole characters.
#pragma once

#include <string>
#include <string_view>

namespace everform {

/// Holds back the bytes of a character that has only begun; what can no longer become a character is replaced
/// by U+FFFD, once for each longest part that could have (Unicode's recommended practice). So everything that
/// comes out is valid UTF-8.
class Utf8Assembler {
 public:
  /// The characters that `bytes` completes.
  std::string push(std::string_view bytes);
  /// What is still held back, as replacement characters.
  std::string flush();

 private:
  std::string pending_;
};

}  // namespace everform
