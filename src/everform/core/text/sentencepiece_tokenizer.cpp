#include <sentencepiece_processor.h>

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/text/added_tokens.h"
#include "everform/core/text/normalizers.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform::text {

namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 30;

class SentencePieceTokenizer : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::string& bytes, const TokenizerSettings& settings,
                         const std::string& where) {
    const auto status = processor_.LoadFromSerializedProto(bytes);
    if (!status.ok()) {
      throw Error(ErrorKind::kBadInput, where, "it is no SentencePiece model: " + status.ToString());
    }
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id)) {
        controls_.add({.id = id, .content = processor_.IdToPiece(id), .special = true});
      }
    }
    controls_.finish([](const std::string& content) { return content; });
    const auto end = [&](int id) { return id >= 0 ? std::optional<TokenId>(id) : std::nullopt; };
    bos_ = end(processor_.bos_id());
    eos_ = end(processor_.eos_id());
    // A bare model file says nothing about added tokens; these two classes are defined by them.
    const std::string name = settings.tokenizer_class.value_or("");
    add_bos_ = settings.add_bos.value_or(name.starts_with("Llama"));
    add_eos_ = settings.add_eos.value_or(name.starts_with("T5"));
    chat_template_ = settings.chat_template;
  }

  std::string kind() const override { return "sentencepiece"; }
  std::size_t vocabulary_size() const override { return static_cast<std::size_t>(processor_.GetPieceSize()); }

  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const override {
    if (text.size() > kLongestText) {
      throw Error(ErrorKind::kFailed, "encoding a text",
                  std::to_string(text.size()) + " bytes are more than 1073741824 at once");
    }
    Encoding encoding;
    const auto add = [&](TokenId id, std::size_t begin, std::size_t end) {
      encoding.ids.push_back(id);
      encoding.offsets.emplace_back(begin, end);
    };
    if (bos_ && options.add_specials.value_or(add_bos_)) {
      add(*bos_, 0, 0);
    }
    const auto accepts = [&](Range match) { return !is_literal(options, match); };
    for (const AddedPart& part : controls_.split(text, false, options.parse_specials, accepts)) {
      if (part.token != nullptr) {
        add(part.token->id, part.range.begin, part.range.end);
        continue;
      }
      const std::string_view raw = text.substr(part.range.begin, part.range.size());
      const auto pieces = processor_.EncodeAsImmutableProto({raw.data(), raw.size()});
      for (const auto& piece : pieces.pieces()) {
        add(static_cast<TokenId>(piece.id()), part.range.begin + piece.begin(),
            part.range.begin + piece.end());
      }
    }
    if (eos_ && add_eos_ && options.add_specials.value_or(true)) {
      add(*eos_, text.size(), text.size());
    }
    return encoding;
  }

  std::string decode(std::span<const TokenId> ids, bool keep_specials = false) const override {
    std::string out;
    std::vector<int> run;
    const auto flush = [&] {
      if (!run.empty()) {
        out += processor_.DecodeIds(run);
        run.clear();
      }
    };
    for (const TokenId id : ids) {
      check(id);
      if (!processor_.IsControl(id)) {
        run.push_back(id);
      } else if (keep_specials) {
        flush();
        out += processor_.IdToPiece(id);
      }
    }
    flush();
    return out;
  }

  std::string token_bytes(TokenId id) const override {
    check(id);
    if (processor_.IsControl(id)) {
      return "";
    }
    if (processor_.IsByte(id)) {
      return std::string(1, static_cast<char>(std::stoi(processor_.IdToPiece(id).substr(3, 2), nullptr, 16)));
    }
    return processor_.IsUnknown(id) ? processor_.DecodeIds(std::vector<int>{id})
                                    : replace_all(processor_.IdToPiece(id), "\xe2\x96\x81", " ");
  }

  std::string piece(TokenId id) const override {
    check(id);
    return processor_.IdToPiece(id);
  }

  std::optional<TokenId> find_piece(std::string_view piece) const override {
    const int id = processor_.PieceToId({piece.data(), piece.size()});
    return processor_.IdToPiece(id) == piece ? std::optional<TokenId>(id) : std::nullopt;
  }

  bool is_special(TokenId id) const override {
    return id >= 0 && id < processor_.GetPieceSize() && processor_.IsControl(id);
  }
  std::optional<TokenId> bos() const override { return bos_; }
  std::optional<TokenId> eos() const override { return eos_; }
  std::optional<std::string> chat_template() const override { return chat_template_; }

 private:
  void check(TokenId id) const {
    if (id < 0 || id >= processor_.GetPieceSize()) {
      throw Error(ErrorKind::kBadInput, "decoding tokens",
                  "the id " + std::to_string(id) + " is not one from 0 to " +
                      std::to_string(processor_.GetPieceSize() - 1));
    }
  }

  sentencepiece::SentencePieceProcessor processor_;
  AddedTokens controls_;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
  bool add_bos_ = false;
  bool add_eos_ = false;
  std::optional<std::string> chat_template_;
};

}  // namespace

std::shared_ptr<Tokenizer> read_sentencepiece_model(const std::string& bytes,
                                                    const TokenizerSettings& settings,
                                                    const std::string& where) {
  return std::make_shared<SentencePieceTokenizer>(bytes, settings, where);
}

}  // namespace everform::text
