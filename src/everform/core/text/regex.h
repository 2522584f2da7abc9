// Regular expressions of tokenizer files, run by PCRE2's compiler.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace everform::text {

/// Bytes [begin, end) of a text.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  std::size_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// Whose syntax a pattern is written in: they differ in "$", "(?m)", "\h" and nested classes.
enum class RegexDialect {
  kOniguruma,  ///< tokenizer.json
  kRust        ///< tiktoken
};

/// A compiled pattern over UTF-8. Classes are Unicode's (\s is White_Space, \d is \p{Nd}); bytes that are no
/// UTF-8 match like U+0001. One object may be used by several threads.
class Regex {
 public:
  /// Throws Error{kBadInput} naming `where`, the pattern and the place in it where it is wrong or uses what
  /// is not supported.
  Regex(const std::string& pattern, RegexDialect dialect, const std::string& where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  const std::string& pattern() const { return pattern_; }

  /// Finds matches in one text, one after the other.
  class Search {
   public:
    Search(const Regex& regex, std::string_view text);
    ~Search();
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

    /// The next match, empty ones left out; nothing at the end. Throws Error{kFailed} where the pattern takes
    /// more steps than allowed.
    std::optional<Range> next();

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  std::string pattern_;
  std::unique_ptr<Code> code_;
};

/// `pattern` rewritten for PCRE2. Exposed for tests. Throws as Regex does.
std::string translate_pattern(const std::string& pattern, RegexDialect dialect, const std::string& where);

}  // namespace everform::text
