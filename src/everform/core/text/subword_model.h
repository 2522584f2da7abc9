// A model of a vocabulary: one piece of text in, tokens out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform::text {

/// A token and the bytes [begin, end) of the (normalized) text that it covers.
struct TokenSpan {
  TokenId id = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool operator==(const TokenSpan&) const = default;
};

/// Memory that a model reuses between pieces (caches, work arrays). One belongs to one thread at a time.
class ModelScratch {
 public:
  virtual ~ModelScratch() = default;
};

class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  /// As Tokenizer::kind().
  virtual std::string kind() const = 0;
  virtual std::unique_ptr<ModelScratch> make_scratch() const { return std::make_unique<ModelScratch>(); }
  /// Appends the tokens of `piece`, which is not empty and lies at `base` of its text. Linear in its length.
  virtual void encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
                      std::vector<TokenSpan>& out) const = 0;
  /// The model takes raw bytes where its vocabulary is spelled in the byte alphabet, so that nobody needs to
  /// spell the text.
  virtual bool takes_bytes() const { return false; }
};

}  // namespace everform::text
