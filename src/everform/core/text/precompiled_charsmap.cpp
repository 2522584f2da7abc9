#include <cstring>

#include "everform/core/base/error.h"
#include "everform/core/text/base64.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/normalizers.h"

namespace everform::text {

namespace {

// SentencePiece's compiled normalization: u32 bytes of the trie, the trie (a Darts double array of u32
// units), the replacements as texts that end in zero. At each place the longest key wins. Source:
// SentencePiece's normalizer.cc and Darts-clone's units.
class PrecompiledCharsmap : public Normalizer {
 public:
  PrecompiledCharsmap(const std::string& blob, const std::string& where) {
    std::uint32_t trie_bytes = 0;
    if (blob.size() >= sizeof trie_bytes) {
      std::memcpy(&trie_bytes, blob.data(), sizeof trie_bytes);
    }
    if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > blob.size() - sizeof trie_bytes) {
      throw Error(ErrorKind::kBadInput, where,
                  "precompiled_charsmap says its trie has " + std::to_string(trie_bytes) + " of " +
                      std::to_string(blob.size()) + " bytes");
    }
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), blob.data() + sizeof trie_bytes, trie_bytes);
    replacements_ = blob.substr(sizeof trie_bytes + trie_bytes);
  }

  void apply(MappedText& target) const override {
    const std::string_view text = target.text();
    MappedText::Edit edit(target);
    bool changed = false;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 0;
      if (const auto replacement = longest_match(text, at, length)) {
        edit.replace(*replacement, at, at + length);
        changed = true;
      } else {
        length = code_point_at(text, at).length;
        edit.keep(at, at + length);
      }
      at += length;
    }
    if (changed) {
      edit.finish();
    }
  }

 private:
  static std::size_t offset_of(std::uint32_t unit) {
    return static_cast<std::size_t>(unit >> 10) << ((unit & (1U << 9)) >> 6);
  }
  static bool has_value(std::uint32_t unit) { return ((unit >> 8) & 1) != 0; }
  static std::uint32_t label_of(std::uint32_t unit) { return unit & ((1U << 31) | 0xff); }

  std::optional<std::string_view> longest_match(std::string_view text, std::size_t at,
                                                std::size_t& length) const {
    std::optional<std::string_view> best;
    std::size_t node = offset_of(units_[0]);
    for (std::size_t end = at; end < text.size(); ++end) {
      const auto byte = static_cast<unsigned char>(text[end]);
      node ^= byte;
      if (byte == 0 || node >= units_.size() || label_of(units_[node]) != byte) {
        break;
      }
      const std::uint32_t unit = units_[node];
      node ^= offset_of(unit);
      if (has_value(unit) && node < units_.size()) {
        const std::size_t value = units_[node] & 0x7fffffffU;
        if (value < replacements_.size()) {
          best = std::string_view(replacements_).substr(value, std::strlen(replacements_.c_str() + value));
          length = end + 1 - at;
        }
      }
    }
    return best;
  }

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(const std::string& base64, const std::string& where) {
  const auto blob = decode_base64(base64);
  if (!blob) {
    throw Error(ErrorKind::kBadInput, where, "precompiled_charsmap is no base64");
  }
  return std::make_unique<PrecompiledCharsmap>(*blob, where);
}

}  // namespace everform::text
