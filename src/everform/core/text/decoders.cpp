#include "everform/core/text/decoders.h"

#include <array>
#include <charconv>
#include <utility>

#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/normalizers.h"

namespace everform::text {

namespace {

class ByteLevelDecoder : public Decoder {
 public:
  void apply(DecodeState& state) const override {
    for (DecodeState::Part& part : state.parts) {
      if (auto bytes = part.added ? std::nullopt : unspell_bytes(part.text)) {
        part.text = std::move(*bytes);
      }
    }
  }
};

class ByteFallbackDecoder : public Decoder {
 public:
  void apply(DecodeState& state) const override {
    for (DecodeState::Part& part : state.parts) {
      const std::string& text = part.text;
      unsigned value = 0;
      if (!part.added && text.size() == 6 && text.starts_with("<0x") && text.back() == '>') {
        const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
        if (error == std::errc() && end == text.data() + 5) {
          part.text.assign(1, static_cast<char>(value));
        }
      }
    }
  }
};

class MetaspaceDecoder : public Decoder {
 public:
  MetaspaceDecoder(std::string replacement, bool drop_first)
      : replacement_(std::move(replacement)), drop_first_(drop_first) {}

  void apply(DecodeState& state) const override {
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
      const bool drop = drop_first_ && state.begins && i == 0;
      state.parts[i].text = replace_all(state.parts[i].text, replacement_, drop ? "" : " ");
    }
  }

 private:
  std::string replacement_;
  bool drop_first_;
};

class WordPieceDecoder : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}

  void apply(DecodeState& state) const override {
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
      std::string& text = state.parts[i].text;
      if (i > 0 || !state.begins) {
        if (!prefix_.empty() && text.starts_with(prefix_)) {
          text.erase(0, prefix_.size());
        } else {
          text.insert(0, 1, ' ');
        }
      }
      if (cleanup_) {
        clean(text);
      }
    }
  }

 private:
  // The list of Hugging Face's clean_up_tokenization.
  static void clean(std::string& text) {
    static constexpr std::array<std::pair<const char*, const char*>, 11> kRules = {{{" .", "."},
                                                                                    {" ?", "?"},
                                                                                    {" !", "!"},
                                                                                    {" ,", ","},
                                                                                    {" ' ", "'"},
                                                                                    {" n't", "n't"},
                                                                                    {" 'm", "'m"},
                                                                                    {" do not", " don't"},
                                                                                    {" 's", "'s"},
                                                                                    {" 've", "'ve"},
                                                                                    {" 're", "'re"}}};
    for (const auto& [from, to] : kRules) {
      text = replace_all(text, from, to);
    }
  }

  std::string prefix_;
  bool cleanup_;
};

class SuffixDecoder : public Decoder {
 public:
  explicit SuffixDecoder(std::string suffix) : suffix_(std::move(suffix)) {}

  void apply(DecodeState& state) const override {
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
      const bool last = state.ends && i + 1 == state.parts.size();
      state.parts[i].text = replace_all(state.parts[i].text, suffix_, last ? "" : " ");
    }
  }

 private:
  std::string suffix_;
};

class FuseDecoder : public Decoder {
 public:
  void apply(DecodeState& state) const override {
    DecodeState::Part all;
    for (const DecodeState::Part& part : state.parts) {
      all.text += part.text;
    }
    state.parts.assign(1, std::move(all));
  }
};

class StripDecoder : public Decoder {
 public:
  StripDecoder(std::string content, std::size_t start, std::size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void apply(DecodeState& state) const override {
    // A single part is the whole text: only its real ends are stripped.
    const bool whole = state.parts.size() == 1;
    for (DecodeState::Part& part : state.parts) {
      std::size_t begin = 0;
      std::size_t end = part.text.size();
      const std::string_view text = part.text;
      for (std::size_t i = 0;
           i < start_ && (!whole || state.begins) && text.substr(begin).starts_with(content_); ++i) {
        begin += content_.size();
      }
      for (std::size_t i = 0; i < stop_ && (!whole || state.ends) && end > begin &&
                              text.substr(begin, end - begin).ends_with(content_);
           ++i) {
        end -= content_.size();
      }
      part.text = part.text.substr(begin, end - begin);
    }
  }

 private:
  std::string content_;
  std::size_t start_;
  std::size_t stop_;
};

class ReplaceDecoder : public Decoder {
 public:
  ReplaceDecoder(std::string literal, std::string content)
      : literal_(std::move(literal)), content_(std::move(content)) {}

  void apply(DecodeState& state) const override {
    for (DecodeState::Part& part : state.parts) {
      part.text = replace_all(part.text, literal_, content_);
    }
  }

 private:
  std::string literal_;
  std::string content_;
};

class RegexReplaceDecoder : public Decoder {
 public:
  RegexReplaceDecoder(Regex pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(DecodeState& state) const override {
    for (DecodeState::Part& part : state.parts) {
      std::string out;
      std::size_t done = 0;
      Regex::Search search(pattern_, part.text);
      while (const auto match = search.next()) {
        out.append(part.text, done, match->begin - done);
        out += content_;
        done = match->end;
      }
      out.append(part.text, done);
      part.text = std::move(out);
    }
  }

 private:
  Regex pattern_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Decoder> make_byte_level_decoder() {
  return std::make_unique<ByteLevelDecoder>();
}
std::unique_ptr<Decoder> make_byte_fallback_decoder() {
  return std::make_unique<ByteFallbackDecoder>();
}
std::unique_ptr<Decoder> make_metaspace_decoder(std::string replacement, bool drop_first) {
  return std::make_unique<MetaspaceDecoder>(std::move(replacement), drop_first);
}
std::unique_ptr<Decoder> make_wordpiece_decoder(std::string prefix, bool cleanup) {
  return std::make_unique<WordPieceDecoder>(std::move(prefix), cleanup);
}
std::unique_ptr<Decoder> make_suffix_decoder(std::string suffix) {
  return std::make_unique<SuffixDecoder>(std::move(suffix));
}
std::unique_ptr<Decoder> make_fuse_decoder() {
  return std::make_unique<FuseDecoder>();
}
std::unique_ptr<Decoder> make_strip_decoder(std::string content, std::size_t start, std::size_t stop) {
  return std::make_unique<StripDecoder>(std::move(content), start, stop);
}
std::unique_ptr<Decoder> make_replace_decoder(std::string literal, std::string content) {
  return std::make_unique<ReplaceDecoder>(std::move(literal), std::move(content));
}
std::unique_ptr<Decoder> make_regex_replace_decoder(Regex pattern, std::string content) {
  return std::make_unique<RegexReplaceDecoder>(std::move(pattern), std::move(content));
}

}  // namespace everform::text
