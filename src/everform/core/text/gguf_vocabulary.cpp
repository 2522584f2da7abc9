#include "everform/core/text/gguf_vocabulary.h"

#include "everform/core/base/error.h"

namespace everform::text {

namespace {
constexpr const char* kPrefix = "tokenizer.ggml.";
}

GgufVocabulary::GgufVocabulary(const nlohmann::json& metadata, std::string where)
    : metadata_(metadata), where_(std::move(where)) {
  read_tokens();
  read_types();
}

void GgufVocabulary::fail(const std::string& key, const std::string& message) const {
  throw Error(ErrorKind::kBadInput, where_, kPrefix + key + " " + message);
}

const nlohmann::json* GgufVocabulary::find(const std::string& key) const {
  const auto found = metadata_.find(kPrefix + key);
  return found == metadata_.end() ? nullptr : &*found;
}

const nlohmann::json& GgufVocabulary::array(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    fail(key, "is not there");
  }
  if (!value->is_array()) {
    fail(key, "is no array");
  }
  return *value;
}

std::string GgufVocabulary::model() const {
  const auto model = text("model");
  if (!model) {
    fail("model", "is not there: the file holds no vocabulary");
  }
  return *model;
}

std::optional<std::string> GgufVocabulary::text(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    fail(key, "is no string");
  }
  return value->get<std::string>();
}

bool GgufVocabulary::flag(const std::string& key, bool otherwise) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    fail(key, "is no boolean");
  }
  return value->get<bool>();
}

std::optional<TokenId> GgufVocabulary::token(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number_integer()) {
    fail(key, "is no integer");
  }
  const auto id = value->get<std::int64_t>();
  if (id == -1 || id == 0xffffffffLL) {
    return std::nullopt;
  }
  if (id < 0 || static_cast<std::uint64_t>(id) >= vocabulary_->size()) {
    fail(key,
         "is " + std::to_string(id) + ", not one of the " + std::to_string(vocabulary_->size()) + " tokens");
  }
  return static_cast<TokenId>(id);
}

void GgufVocabulary::read_tokens() {
  const nlohmann::json& tokens = array("tokens");
  if (tokens.empty()) {
    fail("tokens", "is empty");
  }
  vocabulary_ = std::make_shared<Vocabulary>(where_, tokens.size());
  TokenId id = 0;
  for (const nlohmann::json& token : tokens) {
    if (!token.is_string()) {
      fail("tokens", "holds something that is no string at " + std::to_string(id));
    }
    const auto& piece = token.get_ref<const std::string&>();
    // Files have empty pieces as padding; llama.cpp names them like this.
    vocabulary_->add_duplicate(id, piece.empty() ? "[EMPTY_" + std::to_string(id) + "]" : piece);
    ++id;
  }
}

void GgufVocabulary::read_types() {
  if (find("token_type") == nullptr) {
    return;
  }
  const nlohmann::json& types = array("token_type");
  if (types.size() != vocabulary_->size()) {
    fail("token_type", "has " + std::to_string(types.size()) + " entries for " +
                           std::to_string(vocabulary_->size()) + " tokens");
  }
  for (const nlohmann::json& type : types) {
    if (!type.is_number_integer() || type.get<std::int64_t>() < 0 || type.get<std::int64_t>() > 6) {
      fail("token_type", "holds " + type.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) +
                             ", not a type from 0 to 6");
    }
    types_.push_back(static_cast<GgufTokenType>(type.get<int>()));
    if (types_.back() == GgufTokenType::kControl || types_.back() == GgufTokenType::kUnknown) {
      vocabulary_->hide(static_cast<TokenId>(types_.size() - 1));
    }
  }
}

GgufTokenType GgufVocabulary::type(TokenId id) const {
  return types_.empty() ? GgufTokenType::kNormal : types_[static_cast<std::size_t>(id)];
}

AddedTokens GgufVocabulary::added_tokens() const {
  AddedTokens added;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const bool special = types_[i] == GgufTokenType::kControl || types_[i] == GgufTokenType::kUnknown;
    if (special || types_[i] == GgufTokenType::kUserDefined) {
      added.add({.id = id, .content = std::string(vocabulary_->piece(id)), .special = special});
    }
  }
  return added;
}

std::vector<std::pair<std::string, std::string>> GgufVocabulary::merges() const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const nlohmann::json& merges = array("merges");
  pairs.reserve(merges.size());
  for (const nlohmann::json& merge : merges) {
    if (!merge.is_string()) {
      fail("merges", "holds something that is no string at " + std::to_string(pairs.size()));
    }
    const auto& line = merge.get_ref<const std::string&>();
    const std::size_t space = line.find(' ', 1);
    if (space == std::string::npos || space + 1 == line.size()) {
      fail("merges", "holds \"" + line + "\", not two pieces with a space between them");
    }
    pairs.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return pairs;
}

std::vector<float> GgufVocabulary::scores() const {
  std::vector<float> out;
  const nlohmann::json& scores = array("scores");
  if (scores.size() != vocabulary_->size()) {
    fail("scores", "has " + std::to_string(scores.size()) + " entries for " +
                       std::to_string(vocabulary_->size()) + " tokens");
  }
  for (const nlohmann::json& score : scores) {
    if (!score.is_number()) {
      fail("scores", "holds something that is no number at " + std::to_string(out.size()));
    }
    out.push_back(score.get<float>());
  }
  return out;
}

}  // namespace everform::text
