#include "everform/core/text/pipeline_tokenizer.h"

#include <algorithm>
#include <limits>

#include "everform/core/base/error.h"

namespace everform::text {

namespace {

// Offsets inside are 32-bit, and a normalizer may make a text longer.
constexpr std::size_t kLongestText = std::numeric_limits<std::uint32_t>::max() / 4;
// Tokens are handed on in blocks that stay in the cache, and so are the pieces of a text that may be cut.
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kTextBlock = std::size_t{1} << 16;

}  // namespace

// Where tokens go: ids, and offsets where they are wanted.
struct PipelineTokenizer::Sink {
  std::vector<TokenId>& ids;
  std::vector<std::pair<std::size_t, std::size_t>>* offsets = nullptr;

  void add(TokenId id, Range source) {
    ids.push_back(id);
    if (offsets != nullptr) {
      offsets->emplace_back(source.begin, source.end);
    }
  }

  void add(const std::vector<TokenSpan>& spans, const MappedText& text) {
    for (const TokenSpan& span : spans) {
      ids.push_back(span.id);
    }
    if (offsets == nullptr) {
      return;
    }
    if (text.unchanged()) {
      for (const TokenSpan& span : spans) {
        offsets->emplace_back(text.offset() + span.begin, text.offset() + span.end);
      }
      return;
    }
    for (const TokenSpan& span : spans) {
      const Range source = text.source(span.begin, span.end);
      offsets->emplace_back(source.begin, source.end);
    }
  }
};

// Borrows work memory for one call. After an exception it is thrown away, because it may be half changed.
class PipelineTokenizer::ScratchLease {
 public:
  explicit ScratchLease(const PipelineTokenizer& owner) : owner_(owner) {
    const std::lock_guard lock(owner_.scratch_mutex_);
    if (!owner_.free_scratch_.empty()) {
      scratch_ = std::move(owner_.free_scratch_.back());
      owner_.free_scratch_.pop_back();
    }
  }

  ModelScratch& get() {
    if (!scratch_) {
      scratch_ = owner_.parts_.model->make_scratch();
    }
    return *scratch_;
  }

  void give_back() {
    if (scratch_) {
      const std::lock_guard lock(owner_.scratch_mutex_);
      owner_.free_scratch_.push_back(std::move(scratch_));
    }
  }

 private:
  const PipelineTokenizer& owner_;
  std::unique_ptr<ModelScratch> scratch_;
};

PipelineTokenizer::PipelineTokenizer(TokenizerParts parts) : parts_(std::move(parts)) {
  parts_.added.finish(
      [this](const std::string& content) { return normalized(parts_.normalizer.get(), content); });
  size_ = parts_.vocabulary->size();
  cuts_at_line_starts_ = !parts_.pre_tokenizers.empty();
  for (const auto& step : parts_.pre_tokenizers) {
    cuts_at_line_starts_ = cuts_at_line_starts_ && step->keeps_line_starts();
  }
  const auto& tokens = parts_.added.tokens();
  for (const AddedToken& token : tokens) {
    size_ = std::max(size_, static_cast<std::size_t>(token.id) + 1);
  }
  added_index_.assign(size_, -1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    added_index_[static_cast<std::size_t>(tokens[i].id)] = static_cast<std::int32_t>(i);
  }
}

Encoding PipelineTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  Sink sink{encoding.ids, &encoding.offsets};
  encode_into(text, options, sink);
  return encoding;
}

std::vector<TokenId> PipelineTokenizer::encode_ids(std::string_view text,
                                                   const EncodeOptions& options) const {
  std::vector<TokenId> ids;
  Sink sink{ids};
  encode_into(text, options, sink);
  return ids;
}

void PipelineTokenizer::encode_into(std::string_view text, const EncodeOptions& options, Sink& sink) const {
  if (text.size() > kLongestText) {
    throw Error(ErrorKind::kFailed, "encoding a text",
                std::to_string(text.size()) + " bytes are more than 1073741823 at once",
                "cut the text into parts");
  }
  ScratchLease scratch(*this);
  if (options.add_specials.value_or(parts_.prefix_by_default)) {
    for (const TokenId id : parts_.prefix) {
      sink.add(id, {0, 0});
    }
  }
  if (!parts_.added.any(false, options.parse_specials)) {
    encode_raw(text, 0, options, scratch.get(), sink);
  } else {
    const auto accepts = [&](Range match) { return !is_literal(options, match); };
    for (const AddedPart& part : parts_.added.split(text, false, options.parse_specials, accepts)) {
      if (part.token != nullptr) {
        sink.add(part.token->id, part.range);
      } else {
        encode_raw(text.substr(part.range.begin, part.range.size()), part.range.begin, options, scratch.get(),
                   sink);
      }
    }
  }
  if (options.add_specials.value_or(parts_.suffix_by_default)) {
    for (const TokenId id : parts_.suffix) {
      sink.add(id, {text.size(), text.size()});
    }
  }
  scratch.give_back();
}

void PipelineTokenizer::encode_raw(std::string_view text, std::size_t offset, const EncodeOptions& options,
                                   ModelScratch& scratch, Sink& sink) const {
  const bool specials = options.parse_specials;
  if (!parts_.normalizer && !parts_.added.any(true, specials) && cuts_at_line_starts_) {
    return encode_in_blocks(text, offset, scratch, sink);
  }
  MappedText mapped(text, offset);
  if (parts_.normalizer) {
    parts_.normalizer->apply(mapped);
  }
  if (!parts_.added.any(true, specials)) {
    return encode_normalized(std::move(mapped), scratch, sink);
  }
  const auto accepts = [&](Range match) {
    return !is_literal(options, mapped.source(match.begin, match.end));
  };
  for (const AddedPart& part : parts_.added.split(mapped.text(), true, specials, accepts)) {
    if (part.token != nullptr) {
      sink.add(part.token->id, mapped.source(part.range.begin, part.range.end));
    } else {
      encode_normalized(mapped.slice(part.range), scratch, sink);
    }
  }
}

void PipelineTokenizer::encode_in_blocks(std::string_view text, std::size_t offset, ModelScratch& scratch,
                                         Sink& sink) const {
  sink.ids.reserve(sink.ids.size() + text.size() / 4);
  if (sink.offsets != nullptr) {
    sink.offsets->reserve(sink.offsets->size() + text.size() / 4);
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end =
        text.size() - begin <= kTextBlock ? text.size() : find_line_start(text, begin + kTextBlock);
    encode_normalized(MappedText(text.substr(begin, end - begin), offset + begin), scratch, sink);
    begin = end;
  }
}

void PipelineTokenizer::encode_normalized(MappedText text, ModelScratch& scratch, Sink& sink) const {
  const auto size = static_cast<std::uint32_t>(text.text().size());
  if (size == 0) {
    return;
  }
  PreTokenized cut{std::move(text), {{0, size}}};
  for (const auto& step : parts_.pre_tokenizers) {
    step->apply(cut);
  }
  std::vector<TokenSpan> spans;
  spans.reserve(kBlock + 64);
  const std::string_view bytes = cut.text.text();
  for (const PreTokenized::Piece& piece : cut.pieces) {
    parts_.model->encode(bytes.substr(piece.begin, piece.end - piece.begin), piece.begin, scratch, spans);
    if (spans.size() >= kBlock) {
      sink.add(spans, cut.text);
      spans.clear();
    }
  }
  sink.add(spans, cut.text);
}

void PipelineTokenizer::check(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= size_) {
    throw Error(ErrorKind::kBadInput, "decoding tokens",
                "the id " + std::to_string(id) + " is not one from 0 to " +
                    std::to_string(size_ == 0 ? 0 : size_ - 1));
  }
}

const AddedToken* PipelineTokenizer::added(TokenId id) const {
  const std::int32_t index = added_index_[static_cast<std::size_t>(id)];
  return index < 0 ? nullptr : &parts_.added.tokens()[static_cast<std::size_t>(index)];
}

DecodeState::Part PipelineTokenizer::part(TokenId id) const {
  if (const AddedToken* token = added(id)) {
    return {token->content, true};
  }
  return {std::string(parts_.vocabulary->piece(id)), false};
}

const std::vector<std::string>& PipelineTokenizer::bytes_by_id() const {
  std::call_once(bytes_once_, [this] {
    bytes_by_id_.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      DecodeState state{{part(static_cast<TokenId>(i))}, false, false};
      parts_.decoders.front()->apply(state);
      bytes_by_id_[i] = std::move(state.parts.front().text);
    }
  });
  return bytes_by_id_;
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids, bool keep_specials) const {
  for (const TokenId id : ids) {
    check(id);
  }
  std::string out;
  if (parts_.byte_level_decoder) {
    const std::vector<std::string>& bytes = bytes_by_id();
    for (const TokenId id : ids) {
      if (keep_specials || !is_special(id)) {
        out += bytes[static_cast<std::size_t>(id)];
      }
    }
    return out;
  }
  DecodeState state;
  for (const TokenId id : ids) {
    if (keep_specials || !is_special(id)) {
      state.parts.push_back(part(id));
    }
  }
  if (state.parts.empty()) {
    return out;
  }
  for (const auto& step : parts_.decoders) {
    step->apply(state);
  }
  // Without a decoder, pieces are words with spaces between them.
  const bool words = parts_.decoders.empty();
  for (std::size_t i = 0; i < state.parts.size(); ++i) {
    out += words && i > 0 ? " " : "";
    out += state.parts[i].text;
  }
  return out;
}

std::string PipelineTokenizer::token_bytes(TokenId id) const {
  check(id);
  if (is_special(id)) {
    return "";
  }
  DecodeState state{{part(id)}, false, false};
  for (const auto& step : parts_.decoders) {
    step->apply(state);
  }
  std::string out = parts_.decoders.empty() ? " " : "";
  for (const DecodeState::Part& one : state.parts) {
    out += one.text;
  }
  return out;
}

std::string PipelineTokenizer::piece(TokenId id) const {
  check(id);
  const AddedToken* token = added(id);
  return token != nullptr ? token->content : std::string(parts_.vocabulary->piece(id));
}

std::optional<TokenId> PipelineTokenizer::find_piece(std::string_view piece) const {
  if (const AddedToken* token = parts_.added.find(piece)) {
    return token->id;
  }
  return parts_.vocabulary->find_any(piece);
}

bool PipelineTokenizer::is_special(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= size_) {
    return false;
  }
  const AddedToken* token = added(id);
  return token != nullptr && token->special;
}

}  // namespace everform::text
