#include "everform/core/text/mapped_text.h"

#include <algorithm>
#include <limits>

#include "everform/core/base/error.h"

namespace everform::text {

namespace {

// No Unicode form makes a text more than 11 times longer; a vocabulary file must not be able to fill the
// memory.
constexpr std::size_t kMostGrowth = 32;
constexpr std::size_t kAlwaysAllowed = std::size_t{16} << 20;
constexpr std::size_t kLargestOffset = std::numeric_limits<std::uint32_t>::max();

}  // namespace

MappedText::MappedText(std::string_view original, std::size_t offset)
    : view_(original),
      offset_(offset),
      budget_(std::min(std::max(kAlwaysAllowed, original.size() * kMostGrowth), kLargestOffset)) {}

void MappedText::check_length(std::size_t bytes) const {
  if (bytes > budget_) {
    throw Error(ErrorKind::kFailed, "normalizing a text",
                "it grows beyond " + std::to_string(budget_) + " bytes", "check the vocabulary's normalizer");
  }
}

Range MappedText::source(std::size_t begin, std::size_t end) const {
  if (!changed_) {
    return {offset_ + begin, offset_ + end};
  }
  if (begin == end) {
    const std::size_t at = begin < begins_.size() ? begins_[begin] : (ends_.empty() ? offset_ : ends_.back());
    return {at, at};
  }
  return {begins_[begin], ends_[end - 1]};
}

MappedText MappedText::slice(Range range) const {
  if (!changed_) {
    return {view_.substr(range.begin, range.size()), offset_ + range.begin};
  }
  const auto first = static_cast<std::ptrdiff_t>(range.begin);
  const auto last = static_cast<std::ptrdiff_t>(range.end);
  MappedText part({}, source(range.begin, range.begin).begin);
  part.changed_ = true;
  part.budget_ = budget_;
  part.owned_ = owned_.substr(range.begin, range.size());
  part.begins_.assign(begins_.begin() + first, begins_.begin() + last);
  part.ends_.assign(ends_.begin() + first, ends_.begin() + last);
  return part;
}

MappedText::Edit::Edit(MappedText& target) : target_(target) {
  const std::size_t expected = target.text().size() + target.text().size() / 8;
  bytes_.reserve(expected);
  begins_.reserve(expected);
  ends_.reserve(expected);
}

void MappedText::Edit::keep(std::size_t begin, std::size_t end) {
  target_.check_length(bytes_.size() + (end - begin));
  bytes_ += target_.text().substr(begin, end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    const Range source = target_.source(i, i + 1);
    begins_.push_back(static_cast<std::uint32_t>(source.begin));
    ends_.push_back(static_cast<std::uint32_t>(source.end));
  }
}

void MappedText::Edit::replace(std::string_view bytes, std::size_t begin, std::size_t end) {
  const Range source = target_.source(begin, end);
  target_.check_length(bytes_.size() + bytes.size());
  bytes_ += bytes;
  begins_.resize(bytes_.size(), static_cast<std::uint32_t>(source.begin));
  ends_.resize(bytes_.size(), static_cast<std::uint32_t>(source.end));
}

void MappedText::Edit::finish() {
  target_.owned_ = std::move(bytes_);
  target_.begins_ = std::move(begins_);
  target_.ends_ = std::move(ends_);
  target_.changed_ = true;
}

}  // namespace everform::text
