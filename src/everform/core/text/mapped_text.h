// A text that normalization has changed, still knowing which bytes of the original each of its bytes came
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/regex.h"

namespace everform::text {

/// Unchanged, it is a view of the original; changed, it owns its bytes and a source range for each. Offsets
/// are 32-bit: encode() refuses longer texts.
class MappedText {
 public:
  /// A part of the original text, unchanged. @param offset where it lies in the original
  MappedText(std::string_view original, std::size_t offset);

  std::string_view text() const { return changed_ ? std::string_view(owned_) : view_; }
  bool unchanged() const { return !changed_; }
  /// Where this part begins in the original.
  std::size_t offset() const { return offset_; }
  /// The bytes of the original that [begin, end) of text() came from.
  Range source(std::size_t begin, std::size_t end) const;
  /// A part of this text as one of its own.
  MappedText slice(Range range) const;

  /// Collects a changed text piece by piece, then replaces the old one. Throws Error{kFailed} for one of more
  /// than 1 GiB.
  class Edit {
   public:
    explicit Edit(MappedText& target);
    /// [begin, end) of the old text as it is.
    void keep(std::size_t begin, std::size_t end);
    /// New bytes in place of [begin, end) of the old text; begin == end inserts.
    void replace(std::string_view bytes, std::size_t begin, std::size_t end);
    void finish();

   private:
    MappedText& target_;
    std::string bytes_;
    std::vector<std::uint32_t> begins_;
    std::vector<std::uint32_t> ends_;
  };

 private:
  void check_length(std::size_t bytes) const;

  std::string_view view_;
  std::size_t offset_;
  std::size_t budget_;
  bool changed_ = false;
  std::string owned_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace everform::text
