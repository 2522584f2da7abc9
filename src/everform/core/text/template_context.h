// What every part of a chat template's evaluation shares: the limits, and where in the template it is.
#pragma once

#include <cstddef>
#include <string>

#include "everform/core/text/chat_template.h"

namespace everform::templates {

/// "line 3, column 14" (characters, from 1) of a byte offset into a template.
std::string place_in(const std::string& source, std::size_t offset);

/// Throws Error{kBadInput} for a template that cannot be parsed.
[[noreturn]] void fail_to_parse(const std::string& source, std::size_t offset, const std::string& message);

/// Counts what one rendering has used up. The library of filters and methods sees nothing else of the
/// evaluator.
class Context {
 public:
  Context(const std::string& source, const TemplateLimits& limits) : source_(source), limits_(limits) {}

  /// Errors from now on belong to this place of the template.
  void at(std::size_t offset) { offset_ = offset; }
  std::size_t offset() const { return offset_; }
  const TemplateLimits& limits() const { return limits_; }

  /// Throws Error{kFailed} with the present place.
  [[noreturn]] void fail(const std::string& message) const;
  /// Throws Error{kFailed} for raise_exception: the template's own message.
  [[noreturn]] void raise(const std::string& message) const;

  /// Charges `steps` of the limit; work that grows with a value's size charges that size.
  void charge(std::size_t steps = 1);
  /// Charges a walk over a text of `bytes`.
  void read(std::size_t bytes) { charge(bytes / kBytesPerStep); }
  /// Charges a new text of `bytes`, which may be no longer than the output limit. All texts together may be
  /// 16 times as long.
  void allocate(std::size_t bytes);

 private:
  static constexpr std::size_t kBytesPerStep = 64;

  const std::string& source_;
  TemplateLimits limits_;
  std::size_t offset_ = 0;
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace everform::templates
