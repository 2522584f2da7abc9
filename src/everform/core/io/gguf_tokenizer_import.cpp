#include "everform/core/io/gguf_tokenizer_import.h"

#include <optional>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/byte_level_splits.h"
#include "everform/core/io/json_text.h"

namespace everform {

namespace {

using Json = nlohmann::json;

constexpr int kNormal = 1;
constexpr int kControl = 3;
constexpr int kUserDefined = 4;
constexpr int kUnused = 5;

/// Tokens by id, from the model's vocabulary and the added tokens.
class TokenTable {
 public:
  TokenTable(std::int64_t size, std::string where)
      : where_(std::move(where)), tokens_(static_cast<std::size_t>(size)), types_(tokens_.size(), kUnused) {}

  void put(const std::string& token, const Json& id, int type) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::uint64_t>() >= tokens_.size()) {
      fail("the token \"" + printable(token) + "\" has an id beyond the model's vocabulary of " +
           std::to_string(tokens_.size()));
    }
    const auto at = id.get<std::size_t>();
    if (types_[at] != kUnused && tokens_[at] != token) {
      fail("the id " + std::to_string(at) + " belongs to two tokens");
    }
    tokens_[at] = token;
    types_[at] = type;
  }

  std::optional<std::int64_t> find(const std::string& token) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (types_[i] != kUnused && tokens_[i] == token) {
        return static_cast<std::int64_t>(i);
      }
    }
    return std::nullopt;
  }

  Json tokens() const {
    Json::array_t texts;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      texts.emplace_back(types_[i] == kUnused ? "[PAD" + std::to_string(i) + "]" : tokens_[i]);
    }
    return texts;
  }
  Json types() const { return types_; }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where_, problem);
  }

 private:
  std::string where_;
  std::vector<std::string> tokens_;
  std::vector<int> types_;
};

TokenTable read_tokens(const Json& tokenizer, std::int64_t size, const std::string& where) {
  TokenTable table(size, where);
  const Json& model = tokenizer["model"];
  if (!model.contains("vocab") || !model["vocab"].is_object()) {
    table.fail("model.vocab is missing");
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    table.put(token, id, kNormal);
  }
  for (const Json& added : tokenizer.value("added_tokens", Json::array())) {
    if (!added.is_object() || !added.contains("content") || !added["content"].is_string() ||
        !added.contains("id")) {
      table.fail("an added token lacks its content or id");
    }
    const bool special = added.contains("special") && added["special"] == true;
    table.put(added["content"], added["id"], special ? kControl : kUserDefined);
  }
  return table;
}

/// Merges are "a b" in older files and ["a", "b"] in newer ones.
Json read_merges(const Json& model, const TokenTable& table) {
  Json::array_t merges;
  for (const Json& merge : model.value("merges", Json::array())) {
    if (merge.is_string()) {
      merges.push_back(merge);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    } else {
      table.fail("a merge is neither a text nor a pair of texts");
    }
  }
  return merges;
}

/// A token in tokenizer_config.json: its text, or an object with its content.
std::optional<std::string> token_text(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end()) {
    return std::nullopt;
  }
  if (found->is_string()) {
    return found->get<std::string>();
  }
  if (found->is_object() && found->contains("content") && (*found)["content"].is_string()) {
    return (*found)["content"].get<std::string>();
  }
  return std::nullopt;
}

void write_special_ids(const Json& settings, const TransformerConfig& config, const TokenTable& table,
                       GgufKeys& keys) {
  const auto id_of = [&](const char* key) -> std::optional<std::int64_t> {
    const std::optional<std::string> token = token_text(settings, key);
    return token ? table.find(*token) : std::nullopt;
  };
  std::optional<std::int64_t> bos = id_of("bos_token");
  if (!bos && config.bos >= 0) {
    bos = config.bos;
  }
  std::optional<std::int64_t> eos = id_of("eos_token");
  if (!eos && !config.eos.empty()) {
    eos = config.eos.front();
  }
  const std::pair<const char*, std::optional<std::int64_t>> ids[] = {
      {"bos_token_id", bos},
      {"eos_token_id", eos},
      {"unknown_token_id", id_of("unk_token")},
      {"padding_token_id", id_of("pad_token")}};
  for (const auto& [name, id] : ids) {
    if (id) {
      keys.u32(std::string("tokenizer.ggml.") + name, *id);
    }
  }
  for (const std::int64_t end : config.eos) {
    if (eos && end != *eos && !keys.has("tokenizer.ggml.eot_token_id")) {
      keys.u32("tokenizer.ggml.eot_token_id", end);
    }
  }
}

/// True where the tokenizer puts its first special token in front of every text.
bool adds_bos(const Json& tokenizer, const Json& settings) {
  if (settings.contains("add_bos_token") && settings["add_bos_token"].is_boolean()) {
    return settings["add_bos_token"].get<bool>();
  }
  const Json processor = tokenizer.value("post_processor", Json());
  Json::array_t steps = {processor};
  if (processor.is_object() && processor.contains("processors") && processor["processors"].is_array()) {
    steps = processor["processors"].get<Json::array_t>();
  }
  for (const Json& step : steps) {
    if (step.is_object() && step.value("type", Json()) == "TemplateProcessing" && step.contains("single") &&
        step["single"].is_array() && !step["single"].empty()) {
      return step["single"][0].is_object() && step["single"][0].contains("SpecialToken");
    }
  }
  return false;
}

std::optional<std::string> chat_template_of(const std::filesystem::path& folder, const Json& settings) {
  std::error_code code;
  if (std::filesystem::exists(folder / "chat_template.jinja", code)) {
    constexpr std::size_t kLongestTemplate = 1 << 20;
    return read_file(folder / "chat_template.jinja", kLongestTemplate);
  }
  if (settings.contains("chat_template") && settings["chat_template"].is_string()) {
    return settings["chat_template"].get<std::string>();
  }
  return std::nullopt;
}

std::string without_tokenizer(GgufKeys& keys, std::string reason) {
  keys.text("tokenizer.ggml.model", "no_vocab");
  return reason;
}

}  // namespace

std::string import_hf_tokenizer(const std::filesystem::path& folder, const TransformerConfig& config,
                                GgufKeys& keys) {
  const std::filesystem::path file = folder / "tokenizer.json";
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return without_tokenizer(keys, "there is no tokenizer.json in " + folder.string());
  }
  const Json tokenizer = read_json_file(file);
  const std::string where = "reading " + file.string();
  if (!tokenizer.is_object() || !tokenizer.contains("model") || !tokenizer["model"].is_object()) {
    throw Error(ErrorKind::kBadInput, where, "it has no model");
  }
  const Json& model = tokenizer["model"];
  const ByteLevelSplit* split = recognise_split(tokenizer.value("pre_tokenizer", Json()));
  if (model.value("type", Json("BPE")) != "BPE" || split == nullptr) {
    return without_tokenizer(keys, file.string() + " is no byte-level BPE whose split has a name in GGUF");
  }
  Json settings = Json::object();
  if (std::filesystem::exists(folder / "tokenizer_config.json", code)) {
    settings = read_json_file(folder / "tokenizer_config.json");
  }
  const TokenTable table = read_tokens(tokenizer, config.vocabulary, where);
  keys.text("tokenizer.ggml.model", "gpt2");
  keys.text("tokenizer.ggml.pre", split->gguf_names.front());
  keys.array("tokenizer.ggml.tokens", GgufType::kString, table.tokens());
  keys.array("tokenizer.ggml.token_type", GgufType::kI32, table.types());
  keys.array("tokenizer.ggml.merges", GgufType::kString, read_merges(model, table));
  write_special_ids(settings, config, table, keys);
  keys.boolean("tokenizer.ggml.add_bos_token", adds_bos(tokenizer, settings));
  keys.boolean("tokenizer.ggml.add_space_prefix", false);
  if (const auto chat_template = chat_template_of(folder, settings)) {
    keys.text("tokenizer.chat_template", *chat_template);
  }
  return "";
}

}  // namespace everform
