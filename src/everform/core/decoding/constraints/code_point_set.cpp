#include "everform/core/decoding/constraints/code_point_set.h"

#include <utf8proc.h>

#include <algorithm>
#include <string>

#include "everform/core/base/utf8.h"

namespace everform::constraints {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr CodePointRange kSurrogates{0xD800, 0xDFFF};

}  // namespace

CodePointSet::CodePointSet(std::initializer_list<CodePointRange> ranges) {
  for (const CodePointRange& range : ranges) {
    add(range.first, range.last);
  }
}

CodePointSet CodePointSet::all() {
  return {{0, kSurrogates.first - 1}, {kSurrogates.last + 1, kLast}};
}
CodePointSet CodePointSet::digits() {
  return {{'0', '9'}};
}
CodePointSet CodePointSet::word() {
  return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
}
CodePointSet CodePointSet::space() {
  return {{'\t', '\r'},     {' ', ' '},       {0x85, 0x85},     {0xA0, 0xA0},
          {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
          {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
}

CodePointSet CodePointSet::category(std::string_view name) {
  CodePointSet set;
  if (name.empty() || name.size() > 2) {
    return set;
  }
  for (char32_t point = 0; point <= kLast; ++point) {
    const bool surrogate = point >= kSurrogates.first && point <= kSurrogates.last;
    const std::string_view own = utf8proc_category_string(static_cast<utf8proc_int32_t>(point));
    if (!surrogate && own.starts_with(name)) {
      set.add(point, point);
    }
  }
  return set;
}

void CodePointSet::add(char32_t first, char32_t last) {
  if (!ranges_.empty() && first <= ranges_.back().last + 1) {
    if (first >= ranges_.back().first && ordered_) {
      ranges_.back().last = std::max(ranges_.back().last, last);
      return;
    }
    ordered_ = false;
  }
  ranges_.push_back({first, last});
}

void CodePointSet::add(const CodePointSet& other) {
  for (const CodePointRange& range : other.ranges()) {
    add(range.first, range.last);
  }
}

const std::vector<CodePointRange>& CodePointSet::ranges() const {
  if (!ordered_) {
    std::sort(ranges_.begin(), ranges_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<CodePointRange> merged;
    for (const CodePointRange& range : ranges_) {
      if (!merged.empty() && range.first <= merged.back().last + 1) {
        merged.back().last = std::max(merged.back().last, range.last);
      } else {
        merged.push_back(range);
      }
    }
    ranges_ = std::move(merged);
    ordered_ = true;
  }
  return ranges_;
}

CodePointSet CodePointSet::complement() const {
  CodePointSet set;
  const CodePointSet everything = all();
  for (const CodePointRange& whole : everything.ranges()) {
    char32_t next = whole.first;
    for (const CodePointRange& range : ranges()) {
      if (range.last < next || range.first > whole.last) {
        continue;
      }
      if (range.first > next) {
        set.add(next, range.first - 1);
      }
      next = range.last + 1;
    }
    if (next <= whole.last) {
      set.add(next, whole.last);
    }
  }
  return set;
}

CodePointSet CodePointSet::intersection(const CodePointSet& other) const {
  CodePointSet set;
  const auto& left = ranges();
  const auto& right = other.ranges();
  for (std::size_t a = 0, b = 0; a < left.size() && b < right.size();) {
    const char32_t first = std::max(left[a].first, right[b].first);
    const char32_t last = std::min(left[a].last, right[b].last);
    if (first <= last) {
      set.add(first, last);
    }
    left[a].last < right[b].last ? ++a : ++b;
  }
  return set;
}

void each_utf8_sequence(CodePointRange range, const std::function<void(std::span<const ByteRange>)>& visit) {
  const auto [first, last] = range;
  const auto split = [&](char32_t middle) {
    each_utf8_sequence({first, middle}, visit);
    each_utf8_sequence({middle + 1, last}, visit);
  };
  // First by length, then so that all bytes but the first ones cover whole blocks of continuation bytes.
  for (const char32_t largest : {0x7F, 0x7FF, 0xFFFF}) {
    if (first <= largest && largest < last) {
      return split(largest);
    }
  }
  for (int bits = 6; last > 0x7F && bits <= 18; bits += 6) {
    const char32_t mask = (char32_t{1} << bits) - 1;
    if ((first & ~mask) == (last & ~mask)) {
      continue;
    }
    if ((first & mask) != 0) {
      return split(first | mask);
    }
    if ((last & mask) != mask) {
      return split((last & ~mask) - 1);
    }
  }
  std::string low;
  std::string high;
  append_utf8(low, first);
  append_utf8(high, last);
  std::array<ByteRange, 4> bytes{};
  for (std::size_t i = 0; i < low.size(); ++i) {
    bytes[i] = {static_cast<std::uint8_t>(low[i]), static_cast<std::uint8_t>(high[i])};
  }
  visit(std::span(bytes).first(low.size()));
}

}  // namespace everform::constraints
