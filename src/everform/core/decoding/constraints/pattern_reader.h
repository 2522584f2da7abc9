// The characters of a pattern or a grammar, one after the other, with the errors that both notations share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "everform/core/base/error.h"

namespace everform::constraints {

class PatternReader {
 public:
  static constexpr std::uint32_t kMaxRepetitions = 100'000;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

  /// Makes the error of a place: the byte offset, and what is wrong there.
  using MakeError = std::function<Error(std::size_t at, const std::string& what)>;

  /// Throws where the text is longer than kMaxBytes or no UTF-8.
  PatternReader(std::string_view text, MakeError make_error);

  bool done() const { return at_ >= text_.size(); }
  std::size_t offset() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }
  /// A byte ahead; NUL beyond the end.
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  /// Passes this byte if it is the next one.
  bool take(char byte);
  /// Passes a code point; there must be one.
  char32_t next();
  void skip(std::size_t bytes) { at_ += bytes; }

  /// `digits` hexadecimal digits as a scalar value. @param at for errors @param surrogates whether halves of
  /// surrogate pairs are taken
  char32_t hex(std::size_t at, std::size_t digits, bool surrogates = false);
  /// {H...}
  char32_t braced_hex(std::size_t at);

  /// Whether *, +, ? or {number stands here.
  bool quantifier_ahead() const;
  /// Reads it. @return smallest and largest number; Rule::kUnbounded for no bound
  std::pair<std::uint32_t, std::uint32_t> quantifier();

  [[noreturn]] void fail(const std::string& what) const { fail_at(at_, what); }
  [[noreturn]] void fail_at(std::size_t at, const std::string& what) const { throw make_error_(at, what); }

 private:
  std::uint32_t number(std::size_t at);
  char32_t scalar(std::size_t at, std::uint64_t value, bool surrogates) const;

  std::string_view text_;
  MakeError make_error_;
  std::size_t at_ = 0;
};

}  // namespace everform::constraints
