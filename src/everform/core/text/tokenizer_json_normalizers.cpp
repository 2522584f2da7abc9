#include "everform/core/text/code_points.h"
#include "everform/core/text/tokenizer_json.h"

namespace everform::text {

namespace {

std::unique_ptr<Normalizer> read_replace(const JsonFields& json) {
  const JsonFields pattern = json.object("pattern");
  if (pattern.has("Regex")) {
    return make_regex_replace(Regex(pattern.text("Regex"), RegexDialect::kOniguruma, json.where()),
                              json.text("content"));
  }
  return make_replace(pattern.text("String"), json.text("content"));
}

std::unique_ptr<Normalizer> read_bert(const JsonFields& json) {
  const bool lowercase = json.flag("lowercase", true);
  return make_bert_normalizer({.clean_text = json.flag("clean_text", true),
                               .handle_chinese_chars = json.flag("handle_chinese_chars", true),
                               .strip_accents = json.flag("strip_accents", lowercase),
                               .lowercase = lowercase});
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonFields& json) {
  const std::string type = json.text("type");
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> steps;
    const std::size_t count = json.array("normalizers").size();
    for (std::size_t i = 0; i < count; ++i) {
      steps.push_back(read_normalizer(json.element("normalizers", i)));
    }
    return make_sequence(std::move(steps));
  }
  if (type == "NFC") {
    return make_unicode_form(UnicodeForm::kNfc);
  }
  if (type == "NFD") {
    return make_unicode_form(UnicodeForm::kNfd);
  }
  if (type == "NFKC") {
    return make_unicode_form(UnicodeForm::kNfkc);
  }
  if (type == "NFKD") {
    return make_unicode_form(UnicodeForm::kNfkd);
  }
  if (type == "Lowercase") {
    return make_lowercase();
  }
  if (type == "StripAccents") {
    return make_filter(is_mark);
  }
  if (type == "Strip") {
    return make_strip(json.flag("strip_left", true), json.flag("strip_right", true));
  }
  if (type == "Replace") {
    return read_replace(json);
  }
  if (type == "Prepend") {
    return make_prepend(json.text("prepend"));
  }
  if (type == "BertNormalizer") {
    return read_bert(json);
  }
  if (type == "Precompiled") {
    return make_precompiled(json.text("precompiled_charsmap"), json.where());
  }
  if (type == "ByteLevel") {
    return make_byte_level();
  }
  json.unsupported("type", type);
}

}  // namespace everform::text
