#include "everform/core/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"

namespace everform::text {

namespace {

constexpr std::size_t kLongestPattern = 64 * 1024;
// Far above what any split pattern needs for one match, far below a minute.
constexpr std::uint32_t kMatchLimit = 5'000'000;
constexpr std::size_t kJitStackStart = 32 * 1024;
constexpr std::size_t kJitStackLimit = 64 * 1024 * 1024;
constexpr char kInvalidByteStandIn = '\x01';

std::string pcre2_message(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

Regex::Regex(const std::string& pattern, RegexDialect dialect, const std::string& where)
    : pattern_(pattern), code_(std::make_unique<Code>()) {
  if (pattern.size() > kLongestPattern) {
    throw Error(ErrorKind::kBadInput, where,
                "a pattern of " + std::to_string(pattern.size()) + " bytes is longer than 65536");
  }
  const std::string translated = translate_pattern(pattern, dialect, where);
  // Oniguruma's anchors see every line, Rust's "$" only the end of the text.
  std::uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
  options |= dialect == RegexDialect::kOniguruma ? PCRE2_MULTILINE : PCRE2_DOLLAR_ENDONLY;
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  code_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(), options,
                              &error, &offset, context.get());
  if (code_->code == nullptr) {
    throw Error(ErrorKind::kBadInput, where,
                "the pattern " + pattern + " cannot be compiled: " + pcre2_message(error) + " at byte " +
                    std::to_string(offset) + " of " + translated);
  }
  // Without JIT (a system that forbids executable memory) the interpreter does the same work more slowly.
  pcre2_jit_compile(code_->code, PCRE2_JIT_COMPLETE);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

struct Regex::Search::State {
  const Regex* regex = nullptr;
  std::string scrubbed;
  std::string_view text;
  std::size_t at = 0;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;

  ~State() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }

  // Same length, so that offsets stay what they are.
  void scrub(std::size_t first_invalid) {
    scrubbed.assign(text);
    for (std::size_t i = first_invalid; i < scrubbed.size();) {
      const std::size_t length = utf8_sequence_length(scrubbed, i);
      if (length == 0) {
        scrubbed[i] = kInvalidByteStandIn;
      }
      i += length == 0 ? 1 : length;
    }
    text = scrubbed;
  }
};

Regex::Search::Search(const Regex& regex, std::string_view text) : state_(std::make_unique<State>()) {
  state_->regex = &regex;
  state_->text = text;
  if (const std::size_t invalid = find_invalid_utf8(text); invalid != std::string_view::npos) {
    state_->scrub(invalid);
  }
  state_->data = pcre2_match_data_create_from_pattern(regex.code_->code, nullptr);
  state_->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(state_->context, kMatchLimit);
  state_->stack = pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr);
  pcre2_jit_stack_assign(state_->context, nullptr, state_->stack);
}

Regex::Search::~Search() = default;

std::optional<Range> Regex::Search::next() {
  State& s = *state_;
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(s.text.data());
  while (s.at <= s.text.size()) {
    const int count = pcre2_match(s.regex->code_->code, subject, s.text.size(), s.at, PCRE2_NO_UTF_CHECK,
                                  s.data, s.context);
    if (count == PCRE2_ERROR_NOMATCH) {
      break;
    }
    if (count < 0) {
      throw Error(ErrorKind::kFailed, "splitting a text by the pattern " + s.regex->pattern_,
                  pcre2_message(count) + " at byte " + std::to_string(s.at));
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(s.data);
    const Range match{bounds[0], bounds[1]};
    if (match.end > match.begin) {
      s.at = match.end;
      return match;
    }
    s.at = match.end + (match.end < s.text.size() ? utf8_sequence_length(s.text, match.end) : 1);
  }
  s.at = s.text.size() + 1;
  return std::nullopt;
}

}  // namespace everform::text
