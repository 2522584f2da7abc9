#include "everform/domains/language/byte_ngram.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr int kLargestOrder = 7;

/// Up to seven bytes and their number in one word, so that different strings have different keys.
std::uint64_t key_of(std::string_view bytes) {
  std::uint64_t key = bytes.size();
  for (const char c : bytes) {
    key = (key << 8U) | static_cast<unsigned char>(c);
  }
  return key;
}

}  // namespace

ByteNgram::ByteNgram(int order) : order_(order) {
  if (order < 1 || order > kLargestOrder) {
    throw Error(ErrorKind::kUsage, "making a byte n-gram model",
                "order " + std::to_string(order) + " is not in 1 to " + std::to_string(kLargestOrder));
  }
}

void ByteNgram::train(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t longest = std::min(at, static_cast<std::size_t>(order_ - 1));
    for (std::size_t length = 0; length <= longest; ++length) {
      Context& context = contexts_[key_of(text.substr(at - length, length))];
      ++context.total;
      if (counts_[key_of(text.substr(at - length, length + 1))]++ == 0) {
        ++context.different;
      }
    }
  }
}

double ByteNgram::probability(std::string_view context, unsigned char byte) const {
  context = context.substr(context.size() - std::min(context.size(), static_cast<std::size_t>(order_ - 1)));
  std::string sequence(context);
  sequence.push_back(static_cast<char>(byte));
  const std::string_view view = sequence;
  double probability = 1.0 / 256.0;
  for (std::size_t length = 0; length <= context.size(); ++length) {
    const auto found = contexts_.find(key_of(view.substr(context.size() - length, length)));
    if (found == contexts_.end()) {
      break;  // no longer context can have been seen either
    }
    const auto counted = counts_.find(key_of(view.substr(context.size() - length)));
    const double count = counted == counts_.end() ? 0.0 : counted->second;
    const double different = found->second.different;
    probability = (count + different * probability) / (found->second.total + different);
  }
  return probability;
}

double ByteNgram::bits_per_byte(std::string_view text) const {
  if (text.empty()) {
    throw Error(ErrorKind::kFailed, "measuring an n-gram model", "the text is empty");
  }
  double bits = 0.0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    bits -= std::log2(probability(text.substr(0, at), static_cast<unsigned char>(text[at])));
  }
  return bits / static_cast<double>(text.size());
}

}  // namespace everform
