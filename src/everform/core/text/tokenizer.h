// Text to token ids and back, whatever the vocabulary's kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

using TokenId = std::int32_t;

/// Tokens with the bytes of the input that each came from.
struct Encoding {
  std::vector<TokenId> ids;
  /// Byte offsets [begin, end) into the text, one pair a token; empty ranges for tokens that were added.
  std::vector<std::pair<std::size_t, std::size_t>> offsets;
};

struct EncodeOptions {
  /// Text that spells a special token ("<|im_end|>") becomes that token; otherwise it stays text.
  bool parse_specials = false;
  /// Tokens at the beginning and end (BOS, EOS, CLS, SEP); nothing given: what the model's own settings say.
  std::optional<bool> add_specials;
  /// Byte ranges [begin, end) of the text, in order, whose special tokens stay text although `parse_specials`
  /// is set: what a user wrote inside a rendered chat.
  std::vector<std::pair<std::size_t, std::size_t>> literal;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// "bpe", "unigram", "wordpiece", "characters", "sentencepiece".
  virtual std::string kind() const = 0;
  virtual std::size_t vocabulary_size() const = 0;
  /// Any bytes are accepted; what a vocabulary cannot spell becomes its unknown token. Linear in the text's
  /// length.
  virtual Encoding encode(std::string_view text, const EncodeOptions& options = {}) const = 0;
  /// As encode, without the offsets.
  virtual std::vector<TokenId> encode_ids(std::string_view text, const EncodeOptions& options = {}) const {
    return encode(text, options).ids;
  }
  /// Ids out of range throw Error{kBadInput}. Special tokens are left out unless `keep_specials`.
  virtual std::string decode(std::span<const TokenId> ids, bool keep_specials = false) const = 0;
  /// The bytes one token adds to a text that has begun (streaming): none for a special token; a part of a
  /// character is possible.
  virtual std::string token_bytes(TokenId id) const = 0;
  /// The token as the vocabulary file spells it.
  virtual std::string piece(TokenId id) const = 0;
  /// The id of a piece (special tokens too), nothing where there is none.
  virtual std::optional<TokenId> find_piece(std::string_view piece) const = 0;
  virtual bool is_special(TokenId id) const = 0;
  virtual std::optional<TokenId> bos() const { return std::nullopt; }
  virtual std::optional<TokenId> eos() const { return std::nullopt; }
  /// The model's Jinja chat template, where it brings one.
  virtual std::optional<std::string> chat_template() const { return std::nullopt; }
};

/// Loads a tokenizer from: a GGUF file, tokenizer.json, tokenizer.model (SentencePiece), encoder.json (with
/// vocab.bpe beside it), a .tiktoken rank file, vocab.txt (WordPiece), CLIP's merges (.txt or .txt.gz), or a
/// folder that holds one of them. Recognised by content and name. Throws kMissing, or kBadInput with file and
/// place.
std::shared_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

}  // namespace everform
