#include <algorithm>
#include <array>
#include <cstdlib>

#include "everform/core/text/code_points.h"
#include "everform/core/text/normalizers.h"

namespace everform::text {

namespace {

// No character decomposes into more (U+FDFA has 18).
constexpr std::size_t kLongestDecomposition = 32;

struct Mark {
  utf8proc_int32_t value = 0;
  std::size_t begin = 0;  ///< bytes of the text that it came from
  std::size_t end = 0;
};

int combining_class(utf8proc_int32_t value) {
  return utf8proc_get_property(value)->combining_class;
}

// Decomposes and composes a text one cluster (a starter with the marks after it) at a time, so that offsets
// stay sharp and no work is quadratic in the number of marks.
class FormWriter {
 public:
  FormWriter(MappedText& target, UnicodeForm form)
      : text_(target.text()),
        edit_(target),
        compose_(form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc),
        compatibility_(form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd) {}

  void run() {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t plain = end_of_plain_ascii(at);
      if (plain > at) {
        flush();
        edit_.keep(at, plain);
        at = plain;
        continue;
      }
      const CodePoint point = code_point_at(text_, at);
      if (point.value >= kInvalidByte) {
        flush();
        edit_.keep(at, at + 1);
      } else {
        decompose(point, at);
      }
      at += point.length;
    }
    flush();
    edit_.finish();
  }

 private:
  // ASCII that nothing after it can change.
  std::size_t end_of_plain_ascii(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && static_cast<unsigned char>(text_[end]) < 0x80) {
      ++end;
    }
    return end < text_.size() && end > at ? end - 1 : end;
  }

  void decompose(CodePoint point, std::size_t at) {
    std::array<utf8proc_int32_t, kLongestDecomposition> parts{};
    const auto options =
        static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibility_ ? UTF8PROC_COMPAT : 0));
    int boundary = 0;
    const auto value = static_cast<utf8proc_int32_t>(point.value);
    auto count = utf8proc_decompose_char(value, parts.data(), parts.size(), options, &boundary);
    if (count <= 0 || static_cast<std::size_t>(count) > parts.size()) {
      parts[0] = value;
      count = 1;
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      const utf8proc_int32_t part = parts[static_cast<std::size_t>(i)];
      if (combining_class(part) == 0) {
        start_cluster(part);
      }
      cluster_.push_back({part, at, at + point.length});
    }
  }

  // A new starter ends the cluster before it, unless the two compose (Hangul, some Indic vowels).
  void start_cluster(utf8proc_int32_t starter) {
    if (cluster_.empty()) {
      return;
    }
    reorder();
    if (compose_) {
      compose();
      if (cluster_.size() == 1 && composes(cluster_.front().value, starter)) {
        return;
      }
    }
    write();
  }

  void flush() {
    if (!cluster_.empty()) {
      reorder();
      if (compose_) {
        compose();
      }
      write();
    }
  }

  void reorder() {
    const auto first = cluster_.begin() + (combining_class(cluster_.front().value) == 0 ? 1 : 0);
    std::stable_sort(first, cluster_.end(), [](const Mark& a, const Mark& b) {
      return combining_class(a.value) < combining_class(b.value);
    });
  }

  static bool composes(utf8proc_int32_t first, utf8proc_int32_t second) {
    std::array<utf8proc_int32_t, 2> pair{first, second};
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    return utf8proc_normalize_utf32(pair.data(), 2, options) == 1;
  }

  // The canonical composition of one ordered cluster: a mark joins the starter unless one of its own class
  // stands between.
  void compose() {
    if (cluster_.size() < 2 || combining_class(cluster_.front().value) != 0) {
      return;
    }
    std::size_t kept = 1;
    int last_class = -1;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    Mark& starter = cluster_.front();
    for (std::size_t i = 1; i < cluster_.size(); ++i) {
      const int mark_class = combining_class(cluster_[i].value);
      std::array<utf8proc_int32_t, 2> pair{starter.value, cluster_[i].value};
      const bool blocked = kept > 1 && last_class >= mark_class;
      if (!blocked && utf8proc_normalize_utf32(pair.data(), 2, options) == 1) {
        starter.value = pair[0];
        starter.begin = std::min(starter.begin, cluster_[i].begin);
        starter.end = std::max(starter.end, cluster_[i].end);
      } else {
        last_class = mark_class;
        cluster_[kept++] = cluster_[i];
      }
    }
    cluster_.resize(kept);
  }

  void write() {
    std::string bytes;
    for (const Mark& mark : cluster_) {
      bytes.clear();
      append_code_point(bytes, static_cast<char32_t>(mark.value));
      if (text_.substr(mark.begin, mark.end - mark.begin) == bytes) {
        edit_.keep(mark.begin, mark.end);
      } else {
        edit_.replace(bytes, mark.begin, mark.end);
      }
    }
    cluster_.clear();
  }

  std::string_view text_;
  MappedText::Edit edit_;
  bool compose_;
  bool compatibility_;
  std::vector<Mark> cluster_;
};

class UnicodeFormNormalizer : public Normalizer {
 public:
  explicit UnicodeFormNormalizer(UnicodeForm form) : form_(form) {}
  void apply(MappedText& text) const override {
    const std::string_view bytes = text.text();
    const bool ascii =
        std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii) {
      FormWriter(text, form_).run();
    }
  }

 private:
  UnicodeForm form_;
};

}  // namespace

std::unique_ptr<Normalizer> make_unicode_form(UnicodeForm form) {
  return std::make_unique<UnicodeFormNormalizer>(form);
}

}  // namespace everform::text
