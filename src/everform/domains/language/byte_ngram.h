// An n-gram model of bytes: the baseline that a language model of any tokenizer can be compared with in bits
// per byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace everform {

/// Witten-Bell smoothing (Witten and Bell 1991, method C), backing off to ever shorter contexts and at last
/// to 1/256:
///   P(b | h) = (c(h b) + T(h) P(b | h without its first byte)) / (c(h) + T(h)),  T(h) = number of different
///   bytes seen after h;
/// a context that was never seen passes the question on unchanged. Every context's probabilities sum to 1.
class ByteNgram {
 public:
  /// @param order n: a byte is predicted from the n - 1 before it; 1 to 7. Throws Error{kUsage} otherwise.
  explicit ByteNgram(int order);

  /// Counts a text; may be called again for more.
  void train(std::string_view text);

  /// P(byte | the last order - 1 bytes of `context`).
  double probability(std::string_view context, unsigned char byte) const;
  /// Mean -log2 P of a text's bytes, each given those before it. Throws Error{kFailed} for an empty text.
  double bits_per_byte(std::string_view text) const;

  int order() const { return order_; }

 private:
  struct Context {
    std::uint32_t total = 0;
    std::uint32_t different = 0;
  };

  int order_;
  std::unordered_map<std::uint64_t, Context> contexts_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;
};

}  // namespace everform
