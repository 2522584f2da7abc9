#include "everform/core/text/template_strings.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "everform/core/text/code_points.h"

namespace everform::templates {
namespace {

using text::code_point_at;
using text::code_point_before;
using text::CodePoint;

// str.isspace: White_Space, and the separators U+001C to U+001F.
bool is_space(char32_t c) {
  return text::is_white_space(c) || (c >= 0x1c && c <= 0x1f);
}

bool is_cased(char32_t c) {
  const auto category = text::category(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT;
}

bool to_strip(char32_t c, std::string_view characters) {
  if (characters.empty()) {
    return is_space(c);
  }
  for (std::size_t i = 0; i < characters.size();) {
    const CodePoint point = code_point_at(characters, i);
    if (point.value == c) {
      return true;
    }
    i += point.length;
  }
  return false;
}

std::string_view view_without_begin(std::string_view source, std::string_view characters) {
  while (!source.empty()) {
    const CodePoint point = code_point_at(source, 0);
    if (!to_strip(point.value, characters)) {
      break;
    }
    source.remove_prefix(point.length);
  }
  return source;
}

std::string_view view_without_end(std::string_view source, std::string_view characters) {
  while (!source.empty()) {
    const CodePoint point = code_point_before(source, source.size());
    if (!to_strip(point.value, characters)) {
      break;
    }
    source.remove_suffix(point.length);
  }
  return source;
}

char32_t upper(char32_t c) {
  return c < text::kInvalidByte ? static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)))
                                : c;
}
char32_t lower(char32_t c) {
  return c < text::kInvalidByte ? static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)))
                                : c;
}
char32_t title(char32_t c) {
  return c < text::kInvalidByte ? static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)))
                                : c;
}

template <typename Function>
std::string map_characters(std::string_view source, const Function& function) {
  std::string out;
  for (std::size_t i = 0; i < source.size();) {
    const CodePoint point = code_point_at(source, i);
    text::append_code_point(out, function(point.value));
    i += point.length;
  }
  return out;
}

std::vector<std::string> split_at_spaces(std::string_view source, long limit) {
  std::vector<std::string> parts;
  source = view_without_begin(source, {});
  while (!source.empty()) {
    if (limit >= 0 && static_cast<long>(parts.size()) == limit) {
      parts.emplace_back(source);
      break;
    }
    std::size_t end = 0;
    while (end < source.size() && !is_space(code_point_at(source, end).value)) {
      end += code_point_at(source, end).length;
    }
    parts.emplace_back(source.substr(0, end));
    source = view_without_begin(source.substr(end), {});
  }
  return parts;
}

std::vector<std::string> split_at_spaces_from_end(std::string_view source, long limit) {
  std::vector<std::string> parts;
  source = view_without_end(source, {});
  while (!source.empty()) {
    if (limit >= 0 && static_cast<long>(parts.size()) == limit) {
      parts.emplace_back(source);
      break;
    }
    std::size_t begin = source.size();
    while (begin > 0 && !is_space(code_point_before(source, begin).value)) {
      begin -= code_point_before(source, begin).length;
    }
    parts.emplace_back(source.substr(begin));
    source = view_without_end(source.substr(0, begin), {});
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// str.splitlines' line ends.
bool is_line_end(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_of_class(char32_t c, CharacterClass wanted) {
  switch (wanted) {
    case CharacterClass::kSpace:
      return is_space(c);
    case CharacterClass::kDigit:
      return text::category(c) == UTF8PROC_CATEGORY_ND;
    case CharacterClass::kAlphabetic:
      return text::is_letter(c);
    case CharacterClass::kAlphanumeric:
      return text::is_letter(c) || text::is_number(c);
  }
  return false;
}

bool all_cased_are(std::string_view source, utf8proc_category_t wanted) {
  bool any = false;
  for (std::size_t i = 0; i < source.size();) {
    const CodePoint point = code_point_at(source, i);
    if (is_cased(point.value)) {
      if (text::category(point.value) != wanted) {
        return false;
      }
      any = true;
    }
    i += point.length;
  }
  return any;
}

}  // namespace

std::string strip_begin(std::string_view text, std::string_view characters) {
  return std::string(view_without_begin(text, characters));
}
std::string strip_end(std::string_view text, std::string_view characters) {
  return std::string(view_without_end(text, characters));
}
std::string strip(std::string_view text, std::string_view characters) {
  return std::string(view_without_end(view_without_begin(text, characters), characters));
}

std::size_t find(std::string_view text, std::string_view part, std::size_t from) {
  // The C library's search is linear; an empty part would give a null pointer for an empty text.
  if (part.empty() || from > text.size()) {
    return from <= text.size() ? from : std::string_view::npos;
  }
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_last(std::string_view text, std::string_view part) {
  const std::string reversed(text.rbegin(), text.rend());
  const std::string wanted(part.rbegin(), part.rend());
  const std::size_t at = find(reversed, wanted);
  return at == std::string_view::npos ? at : text.size() - at - part.size();
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += code_point_at(text, i).length) {
    ++count;
  }
  return count;
}

std::vector<std::size_t> character_offsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < text.size(); i += code_point_at(text, i).length) {
    offsets.push_back(i);
  }
  offsets.push_back(text.size());
  return offsets;
}

std::string to_upper(std::string_view text) {
  // The one common letter that becomes two.
  const auto other_letters = [](char32_t c) { return c == U'\u00df' ? c : upper(c); };
  return replace(map_characters(text, other_letters), "\u00df", "SS", -1);
}
std::string to_lower(std::string_view text) {
  return map_characters(text, lower);
}

std::string to_title(std::string_view text) {
  bool in_word = false;
  return map_characters(text, [&](char32_t c) {
    const char32_t mapped = in_word ? lower(c) : title(c);
    in_word = is_cased(c);
    return mapped;
  });
}

std::string capitalize_words(std::string_view text) {
  static constexpr std::u32string_view kBefore = U"-({[<";
  bool first = true;
  return map_characters(text, [&](char32_t c) {
    const char32_t mapped = first ? upper(c) : lower(c);
    first = is_space(c) || kBefore.find(c) != std::u32string_view::npos;
    return mapped;
  });
}

std::string capitalize(std::string_view text) {
  bool first = true;
  return map_characters(text, [&](char32_t c) { return std::exchange(first, false) ? title(c) : lower(c); });
}

std::vector<std::string> split(std::string_view text, std::string_view separator, long limit) {
  if (separator.empty()) {
    return split_at_spaces(text, limit);
  }
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = find(text, separator); at != std::string_view::npos && limit != 0;
       at = find(text, separator, begin), --limit) {
    parts.emplace_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<std::string> split_from_end(std::string_view text, std::string_view separator, long limit) {
  if (separator.empty()) {
    return split_at_spaces_from_end(text, limit);
  }
  // Backwards, it is a split from the beginning.
  const std::string reversed(text.rbegin(), text.rend());
  const std::string wanted(separator.rbegin(), separator.rend());
  std::vector<std::string> parts = split(reversed, wanted, limit);
  for (std::string& part : parts) {
    std::reverse(part.begin(), part.end());
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = code_point_at(text, i);
    std::size_t next = i + point.length;
    if (is_line_end(point.value)) {
      next += point.value == U'\r' && next < text.size() && text[next] == '\n' ? 1 : 0;
      lines.emplace_back(text.substr(begin, (keep_ends ? next : i) - begin));
      begin = next;
    }
    i = next;
  }
  if (begin < text.size()) {
    lines.emplace_back(text.substr(begin));
  }
  return lines;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to, long limit) {
  std::string out;
  std::size_t begin = 0;
  while (limit-- != 0) {
    std::size_t at = find(text, from, begin);
    if (from.empty()) {
      // An empty text lies before every character and at the end.
      out += to;
      at = begin == text.size() ? std::string_view::npos : begin + code_point_at(text, begin).length;
      out += text.substr(begin, at - begin);
      begin = std::min(at, text.size());
    } else if (at != std::string_view::npos) {
      out += text.substr(begin, at - begin);
      out += to;
      begin = at + from.size();
    }
    if (at == std::string_view::npos) {
      break;
    }
  }
  return out.append(text.substr(begin));
}

std::size_t count_occurrences(std::string_view text, std::string_view part) {
  if (part.empty()) {
    return count_characters(text) + 1;
  }
  std::size_t count = 0;
  for (std::size_t at = find(text, part); at != std::string_view::npos;
       at = find(text, part, at + part.size())) {
    ++count;
  }
  return count;
}

bool all_of_class(std::string_view text, CharacterClass wanted) {
  for (std::size_t i = 0; i < text.size(); i += code_point_at(text, i).length) {
    if (!is_of_class(code_point_at(text, i).value, wanted)) {
      return false;
    }
  }
  return !text.empty();
}

bool is_upper(std::string_view text) {
  return all_cased_are(text, UTF8PROC_CATEGORY_LU);
}
bool is_lower(std::string_view text) {
  return all_cased_are(text, UTF8PROC_CATEGORY_LL);
}

}  // namespace everform::templates
