#include "everform/core/text/normalizers.h"

#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

// Rewrites character by character: `rewrite(value, out)` appends the new characters and returns whether
// anything changed.
template <typename Rewrite>
void rewrite_characters(MappedText& target, Rewrite rewrite) {
  const std::string_view text = target.text();
  MappedText::Edit edit(target);
  bool changed = false;
  std::string fresh;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    fresh.clear();
    if (rewrite(point.value, fresh)) {
      edit.replace(fresh, at, at + point.length);
      changed = true;
    } else {
      edit.keep(at, at + point.length);
    }
    at += point.length;
  }
  if (changed) {
    edit.finish();
  }
}

char32_t to_lower(char32_t value) {
  if (value >= kInvalidByte) {
    return value;
  }
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(value)));
}

constexpr char32_t kCapitalIWithDot = 0x130;  // the only character whose lower case is two

class Lowercase : public Normalizer {
 public:
  void apply(MappedText& text) const override {
    rewrite_characters(text, [](char32_t value, std::string& out) {
      if (value == kCapitalIWithDot) {
        out = "i\xcc\x87";
        return true;
      }
      const char32_t lower = to_lower(value);
      append_code_point(out, lower);
      return lower != value;
    });
  }
};

class Filter : public Normalizer {
 public:
  explicit Filter(std::function<bool(char32_t)> drops) : drops_(std::move(drops)) {}
  void apply(MappedText& text) const override {
    rewrite_characters(text, [this](char32_t value, std::string&) { return drops_(value); });
  }

 private:
  std::function<bool(char32_t)> drops_;
};

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(MappedText& target) const override {
    const std::string_view text = target.text();
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (left_ && begin < end && is_white_space(code_point_at(text, begin).value)) {
      begin += code_point_at(text, begin).length;
    }
    while (right_ && end > begin && is_white_space(code_point_before(text, end).value)) {
      end -= code_point_before(text, end).length;
    }
    if (begin > 0 || end < text.size()) {
      MappedText::Edit edit(target);
      edit.keep(begin, end);
      edit.finish();
    }
  }

 private:
  bool left_;
  bool right_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string content) : content_(std::move(content)) {}
  void apply(MappedText& text) const override {
    if (!text.text().empty()) {
      MappedText::Edit edit(text);
      edit.replace(content_, 0, 0);
      edit.keep(0, text.text().size());
      edit.finish();
    }
  }

 private:
  std::string content_;
};

// Replaces the matches that `next` yields in order.
template <typename Next>
void replace_matches(MappedText& target, const std::string& content, Next next) {
  std::optional<Range> match = next();
  if (!match) {
    return;
  }
  MappedText::Edit edit(target);
  std::size_t done = 0;
  for (; match; match = next()) {
    edit.keep(done, match->begin);
    edit.replace(content, match->begin, match->end);
    done = match->end;
  }
  edit.keep(done, target.text().size());
  edit.finish();
}

class Replace : public Normalizer {
 public:
  Replace(std::string literal, std::string content)
      : literal_(std::move(literal)), content_(std::move(content)) {}
  void apply(MappedText& target) const override {
    if (literal_.empty()) {
      return;
    }
    const std::string_view text = target.text();
    std::size_t at = 0;
    replace_matches(target, content_, [&]() -> std::optional<Range> {
      const std::size_t found = text.find(literal_, at);
      if (found == std::string_view::npos) {
        return std::nullopt;
      }
      at = found + literal_.size();
      return Range{found, at};
    });
  }

 private:
  std::string literal_;
  std::string content_;
};

class RegexReplace : public Normalizer {
 public:
  RegexReplace(Regex pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(MappedText& target) const override {
    Regex::Search search(pattern_, target.text());
    replace_matches(target, content_, [&] { return search.next(); });
  }

 private:
  Regex pattern_;
  std::string content_;
};

class ByteLevel : public Normalizer {
 public:
  void apply(MappedText& target) const override {
    const std::string_view text = target.text();
    MappedText::Edit edit(target);
    for (std::size_t at = 0; at < text.size(); ++at) {
      edit.replace(spell_bytes(text.substr(at, 1)), at, at + 1);
    }
    edit.finish();
  }
};

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void apply(MappedText& text) const override {
    for (const auto& step : steps_) {
      step->apply(text);
    }
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

bool is_chinese(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
         (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

class BertCleaning : public Normalizer {
 public:
  void apply(MappedText& text) const override {
    rewrite_characters(text, [](char32_t value, std::string& out) {
      const bool line_or_tab = value == '\t' || value == '\n' || value == '\r';
      if (value == 0 || value == 0xfffd || (!line_or_tab && value < kInvalidByte && is_other(value))) {
        return true;
      }
      if (value != ' ' && is_white_space(value)) {
        out = " ";
        return true;
      }
      return false;
    });
  }
};

class SpaceAroundChinese : public Normalizer {
 public:
  void apply(MappedText& text) const override {
    rewrite_characters(text, [](char32_t value, std::string& out) {
      if (!is_chinese(value)) {
        return false;
      }
      out = " ";
      append_code_point(out, value);
      out += " ";
      return true;
    });
  }
};

}  // namespace

std::unique_ptr<Normalizer> make_lowercase() {
  return std::make_unique<Lowercase>();
}
std::unique_ptr<Normalizer> make_filter(std::function<bool(char32_t)> drops) {
  return std::make_unique<Filter>(std::move(drops));
}
std::unique_ptr<Normalizer> make_strip(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}
std::unique_ptr<Normalizer> make_prepend(std::string content) {
  return std::make_unique<Prepend>(std::move(content));
}
std::unique_ptr<Normalizer> make_replace(std::string literal, std::string content) {
  return std::make_unique<Replace>(std::move(literal), std::move(content));
}
std::unique_ptr<Normalizer> make_regex_replace(Regex pattern, std::string content) {
  return std::make_unique<RegexReplace>(std::move(pattern), std::move(content));
}
std::unique_ptr<Normalizer> make_byte_level() {
  return std::make_unique<ByteLevel>();
}
std::unique_ptr<Normalizer> make_sequence(std::vector<std::unique_ptr<Normalizer>> steps) {
  return std::make_unique<Sequence>(std::move(steps));
}

std::unique_ptr<Normalizer> make_bert_normalizer(const BertNormalizerOptions& options) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  if (options.clean_text) {
    steps.push_back(std::make_unique<BertCleaning>());
  }
  if (options.handle_chinese_chars) {
    steps.push_back(std::make_unique<SpaceAroundChinese>());
  }
  if (options.strip_accents) {
    steps.push_back(make_unicode_form(UnicodeForm::kNfd));
    steps.push_back(make_filter([](char32_t value) { return category(value) == UTF8PROC_CATEGORY_MN; }));
  }
  if (options.lowercase) {
    steps.push_back(make_lowercase());
  }
  return make_sequence(std::move(steps));
}

std::string replace_all(const std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) {
    return text;
  }
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done);
    out += to;
    done = at + from.size();
  }
  out.append(text, done);
  return out;
}

std::string normalized(const Normalizer* normalizer, const std::string& text) {
  MappedText mapped(text, 0);
  if (normalizer != nullptr) {
    normalizer->apply(mapped);
  }
  return std::string(mapped.text());
}

}  // namespace everform::text
