// Token files, and batches of windows over them in a shuffled order that needs no state.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "everform/core/io/tensor_store.h"
#include "everform/core/text/tokenizer.h"
#include "everform/workbench/training/batch_source.h"

namespace everform {

/// Writes a token file: a safetensors file with one vector `tokens` in the smallest of u8, i16 and i32 that
/// holds the vocabulary, optionally `mask` (u8, 1 where the token is a target), and the vocabulary's size as
/// metadata. Throws Error{kBadInput} for a token outside [0, vocabulary).
void write_token_file(const std::filesystem::path& path, std::span<const TokenId> tokens,
                      std::int64_t vocabulary, std::span<const std::uint8_t> mask = {});

/// A memory-mapped token file.
class TokenFile {
 public:
  /// Throws Error{kMissing} or Error{kBadInput}.
  explicit TokenFile(const std::filesystem::path& path);

  std::int64_t size() const { return size_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  bool has_mask() const { return mask_ != nullptr; }
  /// Tokens [begin, begin + out.size()). Throws Error{kBadInput} where one lies outside the vocabulary.
  void read(std::int64_t begin, std::span<std::int64_t> out) const;
  void read_mask(std::int64_t begin, std::span<std::uint8_t> out) const;
  /// {"tokens","vocabulary","checksum"}; the checksum is over all bytes.
  nlohmann::json identity() const;

 private:
  std::unique_ptr<TensorStore> store_;
  const TensorView* tokens_ = nullptr;
  const TensorView* mask_ = nullptr;
  std::int64_t size_ = 0;
  std::int64_t vocabulary_ = 0;
};

/// Next-token batches: windows of `context` + 1 tokens, each epoch in a new order and with new window
/// borders. Arrays: tokens [items, context], targets [items, context] (the tokens one later), mask [items,
/// context] (uint8) where the file has one.
class TokenDataSource final : public BatchSource {
 public:
  struct Options {
    std::int64_t context = 256;
    std::int64_t batch = 16;  ///< items of the global batch
    std::uint64_t seed = 0;
  };

  /// Throws Error{kBadInput} where the file is shorter than one window.
  TokenDataSource(std::shared_ptr<const TokenFile> file, Options options);

  Batch batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const override;
  nlohmann::json identity() const override;
  std::int64_t windows_per_epoch() const { return windows_; }

 private:
  std::shared_ptr<const TokenFile> file_;
  Options options_;
  std::int64_t windows_ = 0;
  nlohmann::json identity_;
};

}  // namespace everform
