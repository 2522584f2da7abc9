#include "everform/core/text/tokenizer_settings.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/json_text.h"
#include "everform/core/text/json_fields.h"

namespace everform::text {

namespace {

// A token is a text, or an object with its text under "content".
std::optional<std::string> read_token(const JsonFields& json, const std::string& key) {
  const nlohmann::json* value = json.find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  return value->is_object() ? json.object(key).text("content") : json.text(key);
}

// A template is a text, or a list of named ones, of which "default" is the one for chats.
std::optional<std::string> read_template(const JsonFields& json) {
  const nlohmann::json* value = json.find("chat_template");
  if (value == nullptr || !value->is_array()) {
    return json.optional_text("chat_template");
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    const JsonFields entry = json.element("chat_template", i);
    if (entry.text("name") == "default") {
      return entry.text("template");
    }
  }
  return std::nullopt;
}

std::optional<bool> read_flag(const JsonFields& json, const std::string& key) {
  return json.has(key) ? std::optional(json.flag(key, false)) : std::nullopt;
}

void read_tokens(const JsonFields& json, TokenizerSettings& settings) {
  const auto take = [&](std::optional<std::string>& into, const std::string& key) {
    if (!into) {
      into = read_token(json, key);
    }
  };
  take(settings.bos, "bos_token");
  take(settings.eos, "eos_token");
  take(settings.cls, "cls_token");
  take(settings.sep, "sep_token");
  take(settings.unknown, "unk_token");
}

}  // namespace

TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder) {
  TokenizerSettings settings;
  const auto each_file = [&](const char* name, auto read) {
    const std::filesystem::path path = folder / name;
    if (std::filesystem::exists(path)) {
      const nlohmann::json json = read_json_file(path);
      read(JsonFields(json, "reading " + path.string(), ""));
    }
  };
  each_file("tokenizer_config.json", [&](const JsonFields& json) {
    read_tokens(json, settings);
    settings.chat_template = read_template(json);
    settings.tokenizer_class = json.optional_text("tokenizer_class");
    settings.add_bos = read_flag(json, "add_bos_token");
    settings.add_eos = read_flag(json, "add_eos_token");
    settings.lowercase = read_flag(json, "do_lower_case");
  });
  each_file("special_tokens_map.json", [&](const JsonFields& json) { read_tokens(json, settings); });
  if (const std::filesystem::path path = folder / "chat_template.jinja"; std::filesystem::exists(path)) {
    settings.chat_template = read_file(path, std::size_t{16} << 20);
  }
  return settings;
}

}  // namespace everform::text
