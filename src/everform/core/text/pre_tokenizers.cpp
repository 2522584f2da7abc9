#include "everform/core/text/pre_tokenizers.h"

#include <algorithm>

#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/split_kernels.h"

namespace everform::text {

namespace {

using Piece = PreTokenized::Piece;

// A part of a piece: what a pattern matched, or the text between two matches.
struct Part {
  Piece piece;
  bool match = false;
};

void append_parts(std::vector<Part>& parts, std::uint32_t& done, std::uint32_t begin, std::uint32_t end) {
  if (begin > done) {
    parts.push_back({{done, begin}, false});
  }
  parts.push_back({{begin, end}, true});
  done = end;
}

void merge_with_previous(const std::vector<Part>& parts, std::vector<Piece>& out) {
  bool after_match = false;
  bool first = true;
  for (const Part& part : parts) {
    if (part.match && !after_match && !first) {
      out.back().end = part.piece.end;
    } else {
      out.push_back(part.piece);
    }
    after_match = part.match;
    first = false;
  }
}

void merge_with_next(const std::vector<Part>& parts, std::vector<Piece>& out) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool joins = parts[i].match && i + 1 < parts.size() && !parts[i + 1].match;
    out.push_back(joins ? Piece{parts[i].piece.begin, parts[i + 1].piece.end} : parts[i].piece);
    i += joins ? 1 : 0;
  }
}

void merge_contiguous(const std::vector<Part>& parts, std::vector<Piece>& out) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && parts[i].match == parts[i - 1].match) {
      out.back().end = parts[i].piece.end;
    } else {
      out.push_back(parts[i].piece);
    }
  }
}

void apply_behavior(const std::vector<Part>& parts, SplitBehavior behavior, std::vector<Piece>& out) {
  switch (behavior) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      for (const Part& part : parts) {
        if (behavior == SplitBehavior::kIsolated || !part.match) {
          out.push_back(part.piece);
        }
      }
      return;
    case SplitBehavior::kMergedWithPrevious:
      return merge_with_previous(parts, out);
    case SplitBehavior::kMergedWithNext:
      return merge_with_next(parts, out);
    case SplitBehavior::kContiguous:
      return merge_contiguous(parts, out);
  }
}

// The common frame of all cutting steps: `find` gives the matches of one piece.
class Split : public PreTokenizer {
 public:
  Split(SplitBehavior behavior, bool invert) : behavior_(behavior), invert_(invert) {}

  void apply(PreTokenized& target) const override {
    std::vector<Piece> out;
    std::vector<Part> parts;
    const std::string_view text = target.text.text();
    for (const Piece& piece : target.pieces) {
      parts.clear();
      std::uint32_t done = piece.begin;
      find(text.substr(piece.begin, piece.end - piece.begin), piece.begin, done, parts);
      if (done < piece.end) {
        parts.push_back({{done, piece.end}, false});
      }
      for (Part& part : parts) {
        part.match = part.match != invert_;
      }
      apply_behavior(parts, behavior_, out);
    }
    target.pieces = std::move(out);
  }

 protected:
  virtual void find(std::string_view piece, std::uint32_t base, std::uint32_t& done,
                    std::vector<Part>& parts) const = 0;

 private:
  SplitBehavior behavior_;
  bool invert_;
};

class RegexSplit : public Split {
 public:
  RegexSplit(Regex pattern, SplitBehavior behavior, bool invert)
      : Split(behavior, invert), pattern_(std::move(pattern)) {}

 protected:
  void find(std::string_view piece, std::uint32_t base, std::uint32_t& done,
            std::vector<Part>& parts) const override {
    Regex::Search search(pattern_, piece);
    while (const auto match = search.next()) {
      append_parts(parts, done, base + static_cast<std::uint32_t>(match->begin),
                   base + static_cast<std::uint32_t>(match->end));
    }
  }

 private:
  Regex pattern_;
};

class LiteralSplit : public Split {
 public:
  LiteralSplit(std::string literal, SplitBehavior behavior, bool invert)
      : Split(behavior, invert), literal_(std::move(literal)) {}

 protected:
  void find(std::string_view piece, std::uint32_t base, std::uint32_t& done,
            std::vector<Part>& parts) const override {
    const std::size_t step = literal_.size();
    for (std::size_t at = 0; step > 0 && (at = piece.find(literal_, at)) != std::string_view::npos;
         at += step) {
      append_parts(parts, done, base + static_cast<std::uint32_t>(at),
                   base + static_cast<std::uint32_t>(at + step));
    }
  }

 private:
  std::string literal_;
};

class CharacterSplit : public Split {
 public:
  CharacterSplit(std::function<bool(char32_t)> matches, SplitBehavior behavior)
      : Split(behavior, false), matches_(std::move(matches)) {}

 protected:
  void find(std::string_view piece, std::uint32_t base, std::uint32_t& done,
            std::vector<Part>& parts) const override {
    for (std::size_t at = 0; at < piece.size();) {
      const CodePoint point = code_point_at(piece, at);
      if (matches_(point.value)) {
        append_parts(parts, done, base + static_cast<std::uint32_t>(at),
                     base + static_cast<std::uint32_t>(at + point.length));
      }
      at += point.length;
    }
  }

 private:
  std::function<bool(char32_t)> matches_;
};

// \w+|[^\w\s]+, everything else dropped. The classes are Rust's, which PCRE2's \w is not.
class WhitespaceWords : public PreTokenizer {
 public:
  void apply(PreTokenized& target) const override {
    std::vector<Piece> out;
    const std::string_view text = target.text.text();
    for (const Piece& piece : target.pieces) {
      int last = kSpace;
      for (std::size_t at = piece.begin; at < piece.end;) {
        const CodePoint point = code_point_at(text.substr(0, piece.end), at);
        const int kind = is_word(point.value) ? kWord : is_white_space(point.value) ? kSpace : kSymbol;
        const auto end = static_cast<std::uint32_t>(at + point.length);
        if (kind != kSpace && kind == last) {
          out.back().end = end;
        } else if (kind != kSpace) {
          out.push_back({static_cast<std::uint32_t>(at), end});
        }
        last = kind;
        at = end;
      }
    }
    target.pieces = std::move(out);
  }

 private:
  enum { kSpace, kWord, kSymbol };
};

class KernelSplit : public PreTokenizer {
 public:
  explicit KernelSplit(SplitKernel kernel) : kernel_(kernel) {}

  // All four patterns end a piece after a single line feed before a letter or digit, whatever comes before
  // it.
  bool keeps_line_starts() const override { return true; }

  void apply(PreTokenized& target) const override {
    std::vector<Piece> out;
    std::vector<std::uint32_t> ends;
    const std::string_view text = target.text.text();
    out.reserve(text.size() / 4 + target.pieces.size());
    for (const Piece& piece : target.pieces) {
      ends.clear();
      split_by_kernel(kernel_, text.substr(piece.begin, piece.end - piece.begin), piece.begin, ends);
      std::uint32_t begin = piece.begin;
      for (const std::uint32_t end : ends) {
        out.push_back({begin, end});
        begin = end;
      }
    }
    target.pieces = std::move(out);
  }

 private:
  SplitKernel kernel_;
};

// Rewrites the bytes of each piece; `rewrite` appends the new ones to the edit and returns how many.
template <typename Rewrite>
void rewrite_pieces(PreTokenized& target, Rewrite rewrite) {
  MappedText::Edit edit(target.text);
  std::size_t size = 0;
  for (Piece& piece : target.pieces) {
    const std::size_t begin = size;
    size += rewrite(edit, piece);
    piece = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size)};
  }
  edit.finish();
}

class PrefixSpace : public PreTokenizer {
 public:
  void apply(PreTokenized& target) const override {
    const std::string_view text = target.text.text();
    rewrite_pieces(target, [&](MappedText::Edit& edit, const Piece& piece) {
      const bool add = text[piece.begin] != ' ';
      if (add) {
        edit.replace(" ", piece.begin, piece.begin);
      }
      edit.keep(piece.begin, piece.end);
      return piece.end - piece.begin + (add ? 1 : 0);
    });
  }
};

class ByteSpelling : public PreTokenizer {
 public:
  void apply(PreTokenized& target) const override {
    const std::string_view text = target.text.text();
    rewrite_pieces(target, [&](MappedText::Edit& edit, const Piece& piece) {
      std::size_t size = 0;
      for (std::size_t at = piece.begin; at < piece.end; ++at) {
        const std::string spelled = spell_bytes(text.substr(at, 1));
        edit.replace(spelled, at, at + 1);
        size += spelled.size();
      }
      return size;
    });
  }
};

class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string replacement, PrependScheme scheme)
      : replacement_(std::move(replacement)), scheme_(scheme) {}

  void apply(PreTokenized& target) const override {
    const std::string_view text = target.text.text();
    rewrite_pieces(target, [&](MappedText::Edit& edit, const Piece& piece) {
      std::size_t size = 0;
      const bool begins = text[piece.begin] == ' ' || text.substr(piece.begin).starts_with(replacement_);
      const bool first = target.text.source(piece.begin, piece.begin).begin == 0;
      if (!begins && (scheme_ == PrependScheme::kAlways || (scheme_ == PrependScheme::kFirst && first))) {
        edit.replace(replacement_, piece.begin, piece.begin);
        size += replacement_.size();
      }
      std::size_t at = piece.begin;
      while (at < piece.end) {
        const std::size_t space = std::min<std::size_t>(text.find(' ', at), piece.end);
        edit.keep(at, space);
        size += space - at;
        if (space < piece.end) {
          edit.replace(replacement_, space, space + 1);
          size += replacement_.size();
        }
        at = space + 1;
      }
      return size;
    });
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
};

class Sequence : public PreTokenizer {
 public:
  Sequence(std::unique_ptr<PreTokenizer> first, std::unique_ptr<PreTokenizer> second)
      : first_(std::move(first)), second_(std::move(second)) {}
  void apply(PreTokenized& target) const override {
    first_->apply(target);
    second_->apply(target);
  }

 private:
  std::unique_ptr<PreTokenizer> first_;
  std::unique_ptr<PreTokenizer> second_;
};

bool is_printing_ascii(char c) {
  return c > ' ' && c <= '~';
}
bool is_ascii_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::size_t find_line_start(std::string_view text, std::size_t from) {
  for (std::size_t feed = text.find('\n', std::max<std::size_t>(from, 2) - 1);
       feed != std::string_view::npos && feed + 1 < text.size(); feed = text.find('\n', feed + 1)) {
    if (is_printing_ascii(text[feed - 1]) && is_ascii_letter_or_digit(text[feed + 1])) {
      return feed + 1;
    }
  }
  return text.size();
}

std::unique_ptr<PreTokenizer> make_split(Regex pattern, SplitBehavior behavior, bool invert) {
  const auto kernel = kernel_of_pattern(pattern.pattern());
  if (kernel && behavior == SplitBehavior::kIsolated) {
    return std::make_unique<KernelSplit>(*kernel);
  }
  return std::make_unique<RegexSplit>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_literal_split(std::string literal, SplitBehavior behavior, bool invert) {
  return std::make_unique<LiteralSplit>(std::move(literal), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_character_split(std::function<bool(char32_t)> matches,
                                                   SplitBehavior behavior) {
  return std::make_unique<CharacterSplit>(std::move(matches), behavior);
}

std::unique_ptr<PreTokenizer> make_whitespace_words() {
  return std::make_unique<WhitespaceWords>();
}

std::unique_ptr<PreTokenizer> make_gpt2_digits_split() {
  return std::make_unique<KernelSplit>(SplitKernel::kGpt2Digits);
}

std::unique_ptr<PreTokenizer> make_gpt2_split() {
  return std::make_unique<KernelSplit>(SplitKernel::kGpt2);
}

std::unique_ptr<PreTokenizer> make_prefix_space() {
  return std::make_unique<PrefixSpace>();
}

std::unique_ptr<PreTokenizer> make_byte_spelling() {
  return std::make_unique<ByteSpelling>();
}

std::unique_ptr<PreTokenizer> make_metaspace(std::string replacement, PrependScheme scheme, bool split) {
  auto spaces = std::make_unique<Metaspace>(replacement, scheme);
  if (!split) {
    return spaces;
  }
  return std::make_unique<Sequence>(
      std::move(spaces), make_literal_split(std::move(replacement), SplitBehavior::kMergedWithNext, false));
}

}  // namespace everform::text
