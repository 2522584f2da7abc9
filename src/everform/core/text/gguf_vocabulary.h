// The `tokenizer.*` keys of a GGUF file, checked and typed.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/text/added_tokens.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

enum class GgufTokenType {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

/// Typed access to the keys; every getter throws Error{kBadInput} naming the key where its value has another
/// type.
class GgufVocabulary {
 public:
  GgufVocabulary(const nlohmann::json& metadata, std::string where);

  const std::string& where() const { return where_; }
  /// `tokenizer.ggml.model`
  std::string model() const;
  std::optional<std::string> text(const std::string& key) const;
  bool flag(const std::string& key, bool otherwise) const;
  /// A token id of the vocabulary; one outside it is an error, -1 (as unsigned) is nothing.
  std::optional<TokenId> token(const std::string& key) const;
  /// Merges as pairs of pieces.
  std::vector<std::pair<std::string, std::string>> merges() const;
  std::vector<float> scores() const;

  std::shared_ptr<const Vocabulary> vocabulary() const { return vocabulary_; }
  GgufTokenType type(TokenId id) const;
  /// Control, unknown and user-defined tokens.
  AddedTokens added_tokens() const;

 private:
  const nlohmann::json* find(const std::string& key) const;
  const nlohmann::json& array(const std::string& key) const;
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  void read_tokens();
  void read_types();

  const nlohmann::json& metadata_;
  std::string where_;
  std::shared_ptr<Vocabulary> vocabulary_;
  std::vector<GgufTokenType> types_;
};

}  // namespace everform::text
