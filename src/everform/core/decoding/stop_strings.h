// Texts that end a generation and are never shown, not even in part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// Passes a text on that is streamed in whole characters, holding back whatever could still become a stop
/// string. The first one to be complete ends the text where it begins. Linear in the text (Knuth, Morris and
/// Pratt 1977).
class StopStrings {
 public:
  /// Throws Error{kUsage} for a stop string that is empty or not UTF-8.
  explicit StopStrings(const std::vector<std::string>& stops);

  /// The part of the text so far that can be shown now and was not shown before.
  std::string push(std::string_view text);
  /// What was held back, once the text has ended without a stop string.
  std::string flush();
  bool stopped() const { return stopped_; }

 private:
  struct Pattern {
    std::string text;
    std::vector<std::size_t> fallback;  ///< [i]: longest proper prefix of text[0, i) that is its suffix too
    std::size_t matched = 0;            ///< longest prefix that ends the text so far

    explicit Pattern(std::string stop);
    void advance(char byte);
  };

  std::vector<Pattern> patterns_;
  std::string pending_;
  bool stopped_ = false;
};

}  // namespace everform
