#include <cmath>

#include "everform/core/text/bpe_model.h"
#include "everform/core/text/merge_lists.h"
#include "everform/core/text/tokenizer_json.h"
#include "everform/core/text/unigram_model.h"
#include "everform/core/text/word_level_model.h"
#include "everform/core/text/wordpiece_model.h"

namespace everform::text {

namespace {

// Files of the first versions leave `type` out; what else is there tells the model.
std::string model_type(const JsonFields& model) {
  if (model.has("type")) {
    return model.text("type");
  }
  if (model.has("merges")) {
    return "BPE";
  }
  if (model.require("vocab").is_array()) {
    return "Unigram";
  }
  return model.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

std::shared_ptr<Vocabulary> read_piece_list(const JsonFields& model) {
  auto vocabulary = std::make_shared<Vocabulary>(model.where(), model.array("vocab").size());
  TokenId id = 0;
  for (const nlohmann::json& entry : model.array("vocab")) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      model.fail("vocab", "holds something that is no pair of a piece and a score at " + std::to_string(id));
    }
    vocabulary->add_duplicate(id++, entry[0].get_ref<const std::string&>());
  }
  return vocabulary;
}

std::vector<std::pair<std::string, std::string>> read_merges(const JsonFields& model) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const nlohmann::json& merge : model.array("merges")) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      pairs.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    const std::string line = merge.is_string() ? merge.get<std::string>() : "";
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      model.fail("merges", "holds something that is no pair of pieces at " + std::to_string(pairs.size()));
    }
    pairs.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return pairs;
}

// The id of the unknown token that `key` names.
std::optional<TokenId> read_unknown(const JsonFields& model, const std::string& key,
                                    const Vocabulary& vocabulary) {
  const std::string piece = model.text(key, "");
  if (piece.empty()) {
    return std::nullopt;
  }
  const auto id = vocabulary.find_any(piece);
  if (!id) {
    model.fail(key, "is \"" + piece + "\", which is not in the vocabulary");
  }
  return id;
}

std::unique_ptr<SubwordModel> read_bpe(const JsonFields& model, const std::shared_ptr<Vocabulary>& vocabulary,
                                       bool bytes) {
  if (const nlohmann::json* dropout = model.find("dropout"); dropout != nullptr && *dropout != 0) {
    model.fail("dropout", "is not null: random segmentation is not supported");
  }
  BpeOptions options;
  options.bytes = bytes;
  options.continuing_prefix = model.text("continuing_subword_prefix", "");
  options.end_suffix = model.text("end_of_word_suffix", "");
  options.byte_fallback = model.flag("byte_fallback", false);
  options.fuse_unknown = model.flag("fuse_unk", false);
  options.ignore_merges = model.flag("ignore_merges", false);
  options.unknown = read_unknown(model, "unk_token", *vocabulary);
  MergeTable merges = merges_from_pairs(*vocabulary, read_merges(model), options.continuing_prefix);
  return std::make_unique<BpeModel>(vocabulary, std::move(merges), options);
}

std::unique_ptr<SubwordModel> read_unigram(const JsonFields& model,
                                           const std::shared_ptr<Vocabulary>& vocabulary) {
  std::vector<double> scores;
  for (const nlohmann::json& entry : model.array("vocab")) {
    scores.push_back(entry[1].get<double>());
    if (!std::isfinite(scores.back())) {
      model.fail("vocab", "holds a score that is not finite at " + std::to_string(scores.size() - 1));
    }
  }
  UnigramOptions options;
  options.byte_fallback = model.flag("byte_fallback", false);
  if (model.has("unk_id")) {
    options.unknown =
        static_cast<TokenId>(model.integer("unk_id", 0, static_cast<std::int64_t>(scores.size()) - 1));
  }
  return std::make_unique<UnigramModel>(vocabulary, std::move(scores), options);
}

std::unique_ptr<SubwordModel> read_wordpiece(const JsonFields& model,
                                             const std::shared_ptr<Vocabulary>& vocabulary) {
  WordPieceOptions options;
  options.continuing_prefix = model.text("continuing_subword_prefix", "##");
  options.longest_word =
      static_cast<std::size_t>(model.integer("max_input_chars_per_word", 0, INT32_MAX, 100));
  options.unknown = read_unknown(model, "unk_token", *vocabulary);
  return std::make_unique<WordPieceModel>(vocabulary, options);
}

}  // namespace

std::shared_ptr<Vocabulary> read_model_vocabulary(const JsonFields& model) {
  const std::string type = model_type(model);
  if (type == "Unigram") {
    return read_piece_list(model);
  }
  const nlohmann::json& pieces = model.require("vocab");
  if (!pieces.is_object()) {
    model.fail("vocab", "is no object");
  }
  auto vocabulary = std::make_shared<Vocabulary>(model.where(), pieces.size());
  for (const auto& [piece, id] : pieces.items()) {
    if (!id.is_number_integer() || id.get<double>() < 0 ||
        id.get<double>() > Vocabulary::largest_id(pieces.size())) {
      model.fail("vocab", "gives \"" + piece + "\" something that is no token id");
    }
    vocabulary->add(id.get<TokenId>(), piece);
  }
  return vocabulary;
}

std::unique_ptr<SubwordModel> read_model(const JsonFields& model,
                                         const std::shared_ptr<Vocabulary>& vocabulary, bool bytes) {
  const std::string type = model_type(model);
  if (type == "BPE") {
    return read_bpe(model, vocabulary, bytes);
  }
  if (type == "Unigram") {
    return read_unigram(model, vocabulary);
  }
  if (type == "WordPiece") {
    return read_wordpiece(model, vocabulary);
  }
  if (type == "WordLevel") {
    return std::make_unique<WordLevelModel>(vocabulary, read_unknown(model, "unk_token", *vocabulary));
  }
  model.unsupported("type", type);
}

}  // namespace everform::text
