// Sets of Unicode scalar values as ranges, and the UTF-8 byte ranges that spell them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace everform::constraints {

/// Code points [first, last].
struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
};

class CodePointSet {
 public:
  CodePointSet() = default;
  CodePointSet(std::initializer_list<CodePointRange> ranges);

  /// Every scalar value: no surrogates.
  static CodePointSet all();
  /// [0-9], [0-9A-Za-z_], white space (ASCII's and Unicode's)
  static CodePointSet digits();
  static CodePointSet word();
  static CodePointSet space();
  /// Unicode's general category of one or two letters ("L", "Lu"). Empty for a name that is none.
  static CodePointSet category(std::string_view name);

  void add(char32_t first, char32_t last);
  void add(const CodePointSet& other);
  CodePointSet complement() const;
  CodePointSet intersection(const CodePointSet& other) const;
  CodePointSet without(const CodePointSet& other) const { return intersection(other.complement()); }

  bool empty() const { return ranges_.empty(); }
  /// In order, neither overlapping nor touching.
  const std::vector<CodePointRange>& ranges() const;

 private:
  mutable std::vector<CodePointRange> ranges_;
  mutable bool ordered_ = true;
};

/// A range of bytes.
struct ByteRange {
  std::uint8_t first = 0;
  std::uint8_t last = 0;

  bool operator==(const ByteRange&) const = default;
  auto operator<=>(const ByteRange&) const = default;
};

/// Calls `visit` with sequences of one to four byte ranges whose products are together the UTF-8 of the
/// range's code points.
void each_utf8_sequence(CodePointRange range, const std::function<void(std::span<const ByteRange>)>& visit);

}  // namespace everform::constraints
