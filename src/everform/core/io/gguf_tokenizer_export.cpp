#include "everform/core/io/gguf_tokenizer_export.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"
#include "everform/core/io/byte_level_splits.h"

namespace everform {

namespace {

using Json = nlohmann::json;

constexpr const char* kMetaspace = "\xE2\x96\x81";

enum TokenType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// The keys of a vocabulary, checked for agreement.
class Vocabulary {
 public:
  Vocabulary(const Json& metadata, const std::string& where) : metadata_(metadata), where_(where) {
    const Json& tokens = array("tokens");
    for (const Json& token : tokens) {
      tokens_.push_back(text_of(token));
    }
    if (const Json* types = find("token_type")) {
      if (!types->is_array() || types->size() != tokens_.size()) {
        fail("token_type does not go with tokens");
      }
      for (const Json& type : *types) {
        types_.push_back(type.is_number_integer() ? type.get<int>() : 0);
      }
    } else {
      types_.assign(tokens_.size(), kNormal);
    }
  }

  const std::vector<std::string>& tokens() const { return tokens_; }
  int type(std::size_t id) const { return types_[id]; }

  const Json* find(const std::string& key) const {
    const auto found = metadata_.find("tokenizer.ggml." + key);
    return found == metadata_.end() ? nullptr : &*found;
  }

  std::string text(const std::string& key, const std::string& otherwise) const {
    const Json* value = find(key);
    return value == nullptr ? otherwise : text_of(*value);
  }

  bool flag(const std::string& key, bool otherwise) const {
    const Json* value = find(key);
    return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
  }

  const Json& array(const std::string& key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_array()) {
      fail(key + " is missing or no array");
    }
    return *value;
  }

  /// The token that a key like "bos_token_id" names; nothing where absent or beyond the vocabulary.
  std::optional<std::size_t> id(const std::string& key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_number_integer() || value->get<std::int64_t>() < 0 ||
        value->get<std::uint64_t>() >= tokens_.size()) {
      return std::nullopt;
    }
    return value->get<std::size_t>();
  }

  std::string text_of(const Json& value) const {
    if (!value.is_string() || find_invalid_utf8(value.get_ref<const std::string&>()) != std::string::npos) {
      fail("a token, merge or name is no valid text");
    }
    return value.get<std::string>();
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where_, "the vocabulary: " + problem);
  }

  /// "vocab" of tokenizer.json: ids by token. Padding up to a round number is left out.
  Json ids() const {
    Json ids = Json::object();
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (types_[i] != kUnused && !ids.emplace(tokens_[i], i).second) {
        fail("the token \"" + printable(tokens_[i]) + "\" occurs twice");
      }
    }
    return ids;
  }

  Json added_tokens() const {
    Json::array_t added;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const int type = types_[i];
      if (type == kControl || type == kUserDefined || type == kUnknown) {
        added.push_back({{"id", i},
                         {"content", tokens_[i]},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", type != kUserDefined}});
      }
    }
    return added;
  }

 private:
  const Json& metadata_;
  const std::string& where_;
  std::vector<std::string> tokens_;
  std::vector<int> types_;
};

/// The beginning-of-text token in front of every text, where the file asks for it.
Json post_processor(const Vocabulary& vocabulary, bool add_bos, Json otherwise) {
  const std::optional<std::size_t> bos = vocabulary.id("bos_token_id");
  if (!vocabulary.flag("add_bos_token", add_bos) || !bos) {
    return otherwise;
  }
  const std::string& token = vocabulary.tokens()[*bos];
  const auto special = [&](int segment) {
    return Json{{"SpecialToken", {{"id", token}, {"type_id", segment}}}};
  };
  const auto sequence = [](const char* name, int segment) {
    return Json{{"Sequence", {{"id", name}, {"type_id", segment}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {special(0), sequence("A", 0)}},
          {"pair", {special(0), sequence("A", 0), special(1), sequence("B", 1)}},
          {"special_tokens",
           {{token, {{"id", token}, {"ids", Json::array({*bos})}, {"tokens", Json::array({token})}}}}}};
}

Json tokenizer_json(const Vocabulary& vocabulary, Json model) {
  return {{"version", "1.0"},          {"truncation", nullptr},
          {"padding", nullptr},        {"added_tokens", vocabulary.added_tokens()},
          {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
          {"post_processor", nullptr}, {"decoder", nullptr},
          {"model", std::move(model)}};
}

Json bpe_model(const Vocabulary& vocabulary, Json merges) {
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocabulary.ids()},
          {"merges", std::move(merges)}};
}

Json byte_level_tokenizer(const Vocabulary& vocabulary, const ByteLevelSplit& split) {
  Json::array_t merges;
  for (const Json& merge : vocabulary.array("merges")) {
    merges.push_back(vocabulary.text_of(merge));
  }
  Json model = bpe_model(vocabulary, std::move(merges));
  model["ignore_merges"] = split.ignore_merges;
  Json tokenizer = tokenizer_json(vocabulary, std::move(model));
  const Json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  tokenizer["normalizer"] = split.normalizer;
  tokenizer["pre_tokenizer"] = split.pre_tokenizer;
  tokenizer["decoder"] = bytes;
  Json trimming = bytes;
  trimming["trim_offsets"] = false;
  tokenizer["post_processor"] = post_processor(vocabulary, split.add_bos, trimming);
  return tokenizer;
}

/// SentencePiece keeps a score for each piece instead of merges; every way to cut a piece into two others is
/// a merge, the best score first.
Json merges_of_scores(const Vocabulary& vocabulary) {
  const std::vector<std::string>& tokens = vocabulary.tokens();
  const Json& scores = vocabulary.array("scores");
  if (scores.size() != tokens.size()) {
    vocabulary.fail("scores does not go with tokens");
  }
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    ids.emplace(tokens[i], i);
  }
  struct Merge {
    double score;
    std::size_t left;
    std::size_t right;
  };
  std::vector<Merge> merges;
  constexpr std::size_t kLongestPiece = 256;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view piece = tokens[i];
    if (vocabulary.type(i) != kNormal || piece.size() > kLongestPiece || !scores[i].is_number()) {
      continue;
    }
    for (std::size_t at = utf8_sequence_length(piece, 0); at < piece.size();
         at += utf8_sequence_length(piece, at)) {
      const auto left = ids.find(piece.substr(0, at));
      const auto right = ids.find(piece.substr(at));
      if (left != ids.end() && right != ids.end()) {
        merges.push_back({scores[i].get<double>(), left->second, right->second});
      }
    }
  }
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return a.score != b.score ? a.score > b.score : std::pair(a.left, a.right) < std::pair(b.left, b.right);
  });
  Json::array_t lines;
  for (const Merge& merge : merges) {
    lines.push_back(Json::array({tokens[merge.left], tokens[merge.right]}));
  }
  return lines;
}

Json sentencepiece_tokenizer(const Vocabulary& vocabulary) {
  Json model = bpe_model(vocabulary, merges_of_scores(vocabulary));
  model["fuse_unk"] = true;
  model["byte_fallback"] = true;
  if (const auto unknown = vocabulary.id("unknown_token_id")) {
    model["unk_token"] = vocabulary.tokens()[*unknown];
  }
  Json tokenizer = tokenizer_json(vocabulary, std::move(model));
  const bool prefix = vocabulary.flag("add_space_prefix", true);
  const Json to_mark = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMetaspace}};
  const Json from_mark = {{"type", "Replace"}, {"pattern", {{"String", kMetaspace}}}, {"content", " "}};
  Json::array_t normalizers = {to_mark};
  Json::array_t decoders = {from_mark, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (prefix) {
    normalizers.insert(normalizers.begin(), Json{{"type", "Prepend"}, {"prepend", kMetaspace}});
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", normalizers}};
  tokenizer["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
  tokenizer["post_processor"] = post_processor(vocabulary, true, nullptr);
  return tokenizer;
}

Json tokenizer_config(const Vocabulary& vocabulary, const Json& metadata) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  const std::pair<const char*, const char*> names[] = {{"bos_token", "bos_token_id"},
                                                       {"eos_token", "eos_token_id"},
                                                       {"unk_token", "unknown_token_id"},
                                                       {"pad_token", "padding_token_id"}};
  for (const auto& [name, key] : names) {
    if (const auto id = vocabulary.id(key)) {
      config[name] = vocabulary.tokens()[*id];
    }
  }
  const auto found = metadata.find("tokenizer.chat_template");
  if (found != metadata.end()) {
    config["chat_template"] = vocabulary.text_of(*found);
  }
  return config;
}

}  // namespace

std::optional<HfTokenizerFiles> export_gguf_tokenizer(const nlohmann::json& metadata,
                                                      const std::string& where) {
  if (!metadata.contains("tokenizer.ggml.tokens")) {
    return std::nullopt;
  }
  const Vocabulary vocabulary(metadata, where);
  const std::string kind = vocabulary.text("model", "");
  HfTokenizerFiles files;
  if (kind == "llama") {
    files.tokenizer = sentencepiece_tokenizer(vocabulary);
  } else if (const ByteLevelSplit* split = find_split(vocabulary.text("pre", ""));
             kind == "gpt2" && split != nullptr) {
    files.tokenizer = byte_level_tokenizer(vocabulary, *split);
  } else {
    return std::nullopt;
  }
  files.tokenizer_config = tokenizer_config(vocabulary, metadata);
  return files;
}

}  // namespace everform
