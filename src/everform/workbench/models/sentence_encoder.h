// Sentences to vectors with an encoder: tokens, mean over them, unit length.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/text/tokenizer.h"
#include "everform/workbench/models/transformer.h"

namespace everform {

/// A sentence-transformers folder: BERT-like weights, tokenizer, mean pooling (1_Pooling), maximum length,
/// normalisation.
class SentenceEncoder {
 public:
  explicit SentenceEncoder(const std::filesystem::path& folder);

  std::int64_t width() const { return transformer_->config().width; }
  std::int64_t max_tokens() const { return max_tokens_; }
  /// Embeddings [texts, width], each of length 1. Longer texts are cut at max_tokens() with a warning.
  torch::Tensor encode(const std::vector<std::string>& texts) const;

 private:
  std::vector<std::int64_t> tokens_of(const std::string& text, std::size_t index) const;

  std::shared_ptr<Transformer> transformer_;
  std::shared_ptr<Tokenizer> tokenizer_;
  std::int64_t max_tokens_ = 0;
};

}  // namespace everform
