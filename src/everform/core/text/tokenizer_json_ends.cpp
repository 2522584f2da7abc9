#include "everform/core/text/code_points.h"
#include "everform/core/text/tokenizer_json.h"

namespace everform::text {

namespace {

constexpr std::int64_t kMostStripped = 1'000'000;

TokenId read_id(const JsonFields& json, const nlohmann::json& value, const std::string& key) {
  if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > INT32_MAX) {
    json.fail(key, "holds something that is no token id");
  }
  return value.get<TokenId>();
}

// ["[SEP]", 102]
TokenId read_named_id(const JsonFields& json, const std::string& key) {
  const nlohmann::json& pair = json.array(key);
  if (pair.size() != 2) {
    json.fail(key, "is no pair of a piece and its id");
  }
  return read_id(json, pair[1], key);
}

void add_template_token(const JsonFields& json, const std::string& name, std::vector<TokenId>& out) {
  const JsonFields token = json.object("special_tokens").object(name);
  for (const nlohmann::json& id : token.array("ids")) {
    out.push_back(read_id(token, id, "ids"));
  }
}

void read_template(const JsonFields& json, TokenizerParts& parts) {
  bool seen_text = false;
  const std::size_t count = json.array("single").size();
  for (std::size_t i = 0; i < count; ++i) {
    const JsonFields item = json.element("single", i);
    if (item.has("Sequence")) {
      if (seen_text || item.object("Sequence").text("id") != "A") {
        json.fail("single", "has more than the one sequence A, which is not supported");
      }
      seen_text = true;
    } else {
      add_template_token(json, item.object("SpecialToken").text("id"),
                         seen_text ? parts.suffix : parts.prefix);
    }
  }
  if (!seen_text) {
    json.fail("single", "has no sequence A");
  }
}

}  // namespace

void read_post_processor(const JsonFields& json, TokenizerParts& parts) {
  const std::string type = json.text("type");
  if (type == "Sequence") {
    const std::size_t count = json.array("processors").size();
    for (std::size_t i = 0; i < count; ++i) {
      read_post_processor(json.element("processors", i), parts);
    }
  } else if (type == "TemplateProcessing") {
    read_template(json, parts);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    parts.prefix.push_back(read_named_id(json, "cls"));
    parts.suffix.push_back(read_named_id(json, "sep"));
  } else if (type != "ByteLevel") {  // ByteLevel only trims offsets; Everform's cover the text
    json.unsupported("type", type);
  }
}

namespace {

void read_decoder_step(const JsonFields& json, std::vector<std::unique_ptr<Decoder>>& out) {
  const std::string type = json.text("type");
  if (type == "Sequence") {
    const std::size_t count = json.array("decoders").size();
    for (std::size_t i = 0; i < count; ++i) {
      read_decoder_step(json.element("decoders", i), out);
    }
  } else if (type == "ByteLevel") {
    out.push_back(make_byte_level_decoder());
  } else if (type == "ByteFallback") {
    out.push_back(make_byte_fallback_decoder());
  } else if (type == "WordPiece") {
    out.push_back(make_wordpiece_decoder(json.text("prefix", "##"), json.flag("cleanup", true)));
  } else if (type == "Metaspace") {
    const bool drop = json.text("prepend_scheme", "always") != "never" && json.flag("add_prefix_space", true);
    out.push_back(make_metaspace_decoder(json.text("replacement"), drop));
  } else if (type == "BPEDecoder") {
    out.push_back(make_suffix_decoder(json.text("suffix", "</w>")));
  } else if (type == "Fuse") {
    out.push_back(make_fuse_decoder());
  } else if (type == "Strip") {
    out.push_back(make_strip_decoder(json.text("content"),
                                     static_cast<std::size_t>(json.integer("start", 0, kMostStripped, 0)),
                                     static_cast<std::size_t>(json.integer("stop", 0, kMostStripped, 0))));
  } else if (type == "Replace") {
    const JsonFields pattern = json.object("pattern");
    out.push_back(
        pattern.has("Regex")
            ? make_regex_replace_decoder(Regex(pattern.text("Regex"), RegexDialect::kOniguruma, json.where()),
                                         json.text("content"))
            : make_replace_decoder(pattern.text("String"), json.text("content")));
  } else {
    json.unsupported("type", type);
  }
}

}  // namespace

std::vector<std::unique_ptr<Decoder>> read_decoder(const JsonFields& json, bool& byte_level) {
  std::vector<std::unique_ptr<Decoder>> steps;
  read_decoder_step(json, steps);
  byte_level = json.text("type") == "ByteLevel";
  return steps;
}

}  // namespace everform::text
