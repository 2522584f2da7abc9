// How values of chat templates are written: as Python's str(), and as its json.dumps().
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "everform/core/text/code_points.h"
#include "everform/core/text/template_value.h"

namespace everform::templates {
namespace {

// str.isprintable of one character.
bool is_printable(char32_t c) {
  switch (text::category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == U' ';
    default:
      return true;
  }
}

void append_escape(std::string& out, const char* format, unsigned value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  out += buffer;
}

// Python's repr of a text.
std::string quoted(const std::string& source) {
  const bool single = source.find('\'') == std::string::npos || source.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (std::size_t i = 0; i < source.size();) {
    const text::CodePoint point = text::code_point_at(source, i);
    const char32_t c = point.value;
    if (c == static_cast<char32_t>(quote) || c == U'\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == U'\n' || c == U'\r' || c == U'\t') {
      out += c == U'\n' ? "\\n" : c == U'\r' ? "\\r" : "\\t";
    } else if (is_printable(c)) {
      out.append(source, i, point.length);
    } else if (c >= text::kInvalidByte || c < 0x100) {
      append_escape(out, "\\x%02x", static_cast<unsigned char>(source[i + (point.length == 2 ? 1 : 0)]));
    } else {
      append_escape(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", static_cast<unsigned>(c));
    }
    i += point.length;
  }
  return out + quote;
}

class PythonPrinter {
 public:
  explicit PythonPrinter(Context& context) : context_(context) {}

  // str() of a text is the text, but inside of containers its repr is written.
  std::string print(const Value& value, bool inside) {
    context_.charge();
    if (const std::string* text = value.text()) {
      return inside ? quoted(*text) : *text;
    }
    if (const bool* boolean = value.get_if<bool>()) {
      return *boolean ? "True" : "False";
    }
    if (const std::int64_t* integer = value.get_if<std::int64_t>()) {
      return std::to_string(*integer);
    }
    if (const double* number = value.get_if<double>()) {
      return float_text(*number);
    }
    if (value.is_none()) {
      return "None";
    }
    if (value.is_undefined()) {
      return inside ? "Undefined" : "";
    }
    if (const List* list = value.list()) {
      return print_list(*list);
    }
    if (const Dict* dict = value.dict()) {
      return print_dict(*dict);
    }
    context_.fail("a " + type_name(value) + " cannot be written as text");
  }

 private:
  std::string print_list(const List& list) {
    std::string out(1, list.tuple ? '(' : '[');
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      out += (i > 0 ? ", " : "") + print(list.items[i], true);
    }
    out += list.tuple && list.items.size() == 1 ? "," : "";
    out += list.tuple ? ')' : ']';
    context_.allocate(out.size());
    return out;
  }

  std::string print_dict(const Dict& dict) {
    std::string out = "{";
    for (const auto& [key, value] : dict.entries()) {
      out += (out.size() > 1 ? ", " : "") + print(key, true) + ": " + print(value, true);
    }
    context_.allocate(out.size());
    return out + "}";
  }

  Context& context_;
};

class JsonPrinter {
 public:
  JsonPrinter(Context& context, const JsonStyle& style) : context_(context), style_(style) {}

  void print(const Value& value, std::int64_t level) {
    context_.charge();
    if (const std::string* text = value.text()) {
      print_text(*text);
    } else if (const List* list = value.list()) {
      print_list(*list, level);
    } else if (const Dict* dict = value.dict()) {
      print_dict(*dict, level);
    } else {
      out_ += scalar(value);
    }
    if (out_.size() > context_.limits().output_bytes) {
      context_.allocate(out_.size());  // says what is wrong
    }
  }
  std::string take() { return std::move(out_); }

 private:
  std::string scalar(const Value& value) const {
    if (value.is_none()) {
      return "null";
    }
    if (const bool* boolean = value.get_if<bool>()) {
      return *boolean ? "true" : "false";
    }
    if (const double* number = value.get_if<double>(); number != nullptr && !std::isfinite(*number)) {
      return std::isnan(*number) ? "NaN" : *number > 0 ? "Infinity" : "-Infinity";
    }
    if (!value.is_number()) {
      context_.fail("a " + type_name(value) + " cannot be written as JSON");
    }
    std::int64_t integer = 0;
    return value.to_integer(integer) ? std::to_string(integer) : float_text(value.to_double());
  }

  void print_text(const std::string& source) {
    out_ += '"';
    for (std::size_t i = 0; i < source.size();) {
      const text::CodePoint point = text::code_point_at(source, i);
      print_character(source.substr(i, point.length), point.value);
      i += point.length;
    }
    out_ += '"';
  }

  void print_character(const std::string& bytes, char32_t c) {
    static const std::string kShort = "\"\\\n\r\t\f\b";
    static const std::string kLetters = "\"\\nrtfb";
    if (const std::size_t at = kShort.find(static_cast<char>(c)); c < 0x80 && at != std::string::npos) {
      out_ += '\\';
      out_ += kLetters[at];
    } else if (c < 0x20) {
      append_escape(out_, "\\u%04x", static_cast<unsigned>(c));
    } else if (style_.ascii && c >= 0x7f && c < text::kInvalidByte) {
      print_ascii(c, bytes);
    } else {
      out_ += bytes;
    }
  }

  void print_ascii(char32_t c, const std::string& bytes) {
    if (c >= 0x10000) {
      append_escape(out_, "\\u%04x", static_cast<unsigned>(0xd800 + ((c - 0x10000) >> 10)));
      append_escape(out_, "\\u%04x", static_cast<unsigned>(0xdc00 + ((c - 0x10000) & 0x3ff)));
    } else if (c >= 0x80) {
      append_escape(out_, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out_ += bytes;
    }
  }

  void new_line(std::int64_t level) {
    if (style_.indent >= 0) {
      out_ += '\n';
      out_.append(static_cast<std::size_t>(level * style_.indent), ' ');
    }
  }

  void print_list(const List& list, std::int64_t level) {
    out_ += '[';
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      out_ += i > 0 ? style_.item_separator : "";
      new_line(level + 1);
      print(list.items[i], level + 1);
    }
    if (!list.items.empty()) {
      new_line(level);
    }
    out_ += ']';
  }

  void print_dict(const Dict& dict, std::int64_t level) {
    std::vector<std::pair<std::string, const Value*>> entries;
    for (const auto& [key, value] : dict.entries()) {
      entries.emplace_back(key.text() != nullptr ? *key.text() : scalar(key), &value);
    }
    if (style_.sort_keys) {
      std::sort(entries.begin(), entries.end());
    }
    out_ += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      out_ += i > 0 ? style_.item_separator : "";
      new_line(level + 1);
      print_text(entries[i].first);
      out_ += style_.key_separator;
      print(*entries[i].second, level + 1);
    }
    if (!entries.empty()) {
      new_line(level);
    }
    out_ += '}';
  }

  Context& context_;
  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string float_text(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  char buffer[40];
  const double size = std::abs(value);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string out(buffer, end);
  return scientific || out.find('.') != std::string::npos ? out : out + ".0";
}

std::string to_text(Context& context, const Value& value) {
  return PythonPrinter(context).print(value, false);
}

std::string to_json_text(Context& context, const Value& value, const JsonStyle& style) {
  JsonPrinter printer(context, style);
  printer.print(value, 0);
  return printer.take();
}

}  // namespace everform::templates
