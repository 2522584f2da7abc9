#include "everform/core/text/chat_prompt.h"

#include <algorithm>

#include "everform/core/base/utf8.h"
#include "everform/core/text/byte_trie.h"
#include "everform/core/text/chat_template.h"
#include "everform/core/text/code_points.h"

namespace everform {

namespace {

using Json = nlohmann::ordered_json;

// Stand-ins are a private-use character that no text of the conversation holds, and one that numbers the
// special token.
constexpr char32_t kFirstMark = 0xe000;
constexpr char32_t kLastMark = 0xf8ff;
constexpr char32_t kFirstNumber = 0x100000;
constexpr std::size_t kMostNumbers = 0xfffe;

template <typename Visit>
void each_text(Json& json, const Visit& visit) {
  if (json.is_string()) {
    visit(json.get_ref<std::string&>());
  } else if (json.is_structured()) {
    for (Json& child : json) {
      each_text(child, visit);
    }
  }
}

// Hides the special tokens that a conversation's own texts spell while the template is at work, and brings
// them back as literal text.
class SpecialVeil {
 public:
  explicit SpecialVeil(const Tokenizer& tokenizer) {
    for (std::size_t i = 0; i < tokenizer.vocabulary_size() && pieces_.size() < kMostNumbers; ++i) {
      const auto id = static_cast<TokenId>(i);
      if (tokenizer.is_special(id)) {
        trie_.add(tokenizer.piece(id), static_cast<std::int32_t>(pieces_.size()));
        pieces_.push_back(tokenizer.piece(id));
      }
    }
  }

  void hide(Json& variables) {
    choose_mark(variables);
    each_text(variables, [this](std::string& text) { text = hidden(text); });
  }

  // The text as it was meant, and where the hidden tokens stand in it.
  ChatPrompt uncover(const std::string& rendered, EncodeOptions& options) const {
    ChatPrompt prompt;
    for (std::size_t at = 0; at < rendered.size();) {
      const text::CodePoint point = text::code_point_at(rendered, at);
      at += point.length;
      if (point.value != mark_) {
        prompt.text.append(rendered, at - point.length, point.length);
        continue;
      }
      const text::CodePoint number =
          at < rendered.size() ? text::code_point_at(rendered, at) : text::CodePoint{0, 0};
      if (number.value >= kFirstNumber && number.value - kFirstNumber < pieces_.size()) {
        const std::size_t begin = prompt.text.size();
        prompt.text += pieces_[number.value - kFirstNumber];
        options.literal.emplace_back(begin, prompt.text.size());
        at += number.length;
      }
    }
    return prompt;
  }

 private:
  void choose_mark(Json& variables) {
    std::vector<bool> taken(kLastMark - kFirstMark + 1, false);
    each_text(variables, [&](const std::string& text) {
      for (std::size_t at = 0; at < text.size();) {
        const text::CodePoint point = text::code_point_at(text, at);
        if (point.value >= kFirstMark && point.value <= kLastMark) {
          taken[point.value - kFirstMark] = true;
        }
        at += point.length;
      }
    });
    const auto free = std::find(taken.begin(), taken.end(), false);
    mark_ = free == taken.end() ? kFirstMark : kFirstMark + static_cast<char32_t>(free - taken.begin());
  }

  std::string hidden(const std::string& text) const {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 0;
      std::int32_t piece = -1;
      trie_.each_prefix(text, at, [&](std::size_t key_length, std::int32_t value) {
        length = key_length;
        piece = value;
      });
      if (piece < 0) {
        out.push_back(text[at++]);
        continue;
      }
      append_utf8(out, mark_);
      append_utf8(out, kFirstNumber + static_cast<char32_t>(piece));
      at += length;
    }
    return out;
  }

  text::ByteTrie trie_;
  std::vector<std::string> pieces_;
  char32_t mark_ = kFirstMark;
};

}  // namespace

ChatPrompt render_chat(const Tokenizer& tokenizer, const std::string& chat_template, const Json& variables) {
  SpecialVeil veil(tokenizer);
  Json veiled = variables;
  veil.hide(veiled);
  const auto piece_or_empty = [&](std::optional<TokenId> id) {
    return id ? tokenizer.piece(*id) : std::string();
  };
  veiled["bos_token"] = piece_or_empty(tokenizer.bos());
  veiled["eos_token"] = piece_or_empty(tokenizer.eos());
  EncodeOptions options{.parse_specials = true, .add_specials = false};
  ChatPrompt prompt = veil.uncover(ChatTemplate(chat_template).render_ordered(veiled), options);
  prompt.tokens = tokenizer.encode_ids(prompt.text, options);
  return prompt;
}

}  // namespace everform
