#include "everform/core/base/utf8.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/tokenizer_json.h"

namespace everform::text {

namespace {

SplitBehavior read_behavior(const JsonFields& json, const std::string& otherwise) {
  const std::string name = otherwise.empty() ? json.text("behavior") : json.text("behavior", otherwise);
  if (name == "Removed") {
    return SplitBehavior::kRemoved;
  }
  if (name == "Isolated") {
    return SplitBehavior::kIsolated;
  }
  if (name == "MergedWithPrevious") {
    return SplitBehavior::kMergedWithPrevious;
  }
  if (name == "MergedWithNext") {
    return SplitBehavior::kMergedWithNext;
  }
  if (name == "Contiguous") {
    return SplitBehavior::kContiguous;
  }
  json.unsupported("behavior", name);
}

// A single character, as a text.
std::string read_character(const JsonFields& json, const std::string& key) {
  const std::string text = json.text(key);
  if (utf8_sequence_length(text, 0) != text.size() || text.empty()) {
    json.fail(key, "is not one character");
  }
  return text;
}

std::unique_ptr<PreTokenizer> read_split(const JsonFields& json) {
  const JsonFields pattern = json.object("pattern");
  const SplitBehavior behavior = read_behavior(json, "");
  const bool invert = json.flag("invert", false);
  if (!pattern.has("Regex")) {
    return make_literal_split(pattern.text("String"), behavior, invert);
  }
  const std::string regex = pattern.text("Regex");
  // What character vocabularies use: cheaper without a regular expression.
  if (regex == R"([\s\S])" && behavior == SplitBehavior::kIsolated && !invert) {
    return make_character_split([](char32_t) { return true; }, behavior);
  }
  return make_split(Regex(regex, RegexDialect::kOniguruma, json.where()), behavior, invert);
}

std::unique_ptr<PreTokenizer> read_metaspace(const JsonFields& json) {
  const std::string name =
      json.text("prepend_scheme", json.flag("add_prefix_space", true) ? "always" : "never");
  PrependScheme scheme = PrependScheme::kAlways;
  if (name == "first") {
    scheme = PrependScheme::kFirst;
  } else if (name == "never") {
    scheme = PrependScheme::kNever;
  } else if (name != "always") {
    json.unsupported("prepend_scheme", name);
  }
  return make_metaspace(read_character(json, "replacement"), scheme, json.flag("split", true));
}

void flatten(const JsonFields& json, std::vector<JsonFields>& out) {
  if (json.text("type") != "Sequence") {
    out.push_back(json);
    return;
  }
  const std::size_t count = json.array("pretokenizers").size();
  for (std::size_t i = 0; i < count; ++i) {
    flatten(json.element("pretokenizers", i), out);
  }
}

bool is_individual_digits(const JsonFields& json) {
  return json.text("type") == "Digits" && json.flag("individual_digits", false);
}

bool is_plain_gpt2(const JsonFields& json) {
  return json.text("type") == "ByteLevel" && json.flag("use_regex", true) &&
         !json.flag("add_prefix_space", true);
}

void add_byte_level(const JsonFields& json, PreTokenizerSteps& out) {
  if (json.flag("add_prefix_space", true)) {
    out.steps.push_back(make_prefix_space());
  }
  if (json.flag("use_regex", true)) {
    out.steps.push_back(make_gpt2_split());
  }
}

std::unique_ptr<PreTokenizer> read_simple(const JsonFields& json) {
  const std::string type = json.text("type");
  if (type == "Split") {
    return read_split(json);
  }
  if (type == "Digits") {
    const bool single = json.flag("individual_digits", false);
    return make_character_split(is_number, single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  if (type == "Punctuation") {
    return make_character_split(is_punctuation, read_behavior(json, "Isolated"));
  }
  if (type == "Whitespace") {
    return make_whitespace_words();
  }
  if (type == "WhitespaceSplit") {
    return make_character_split(is_white_space, SplitBehavior::kRemoved);
  }
  if (type == "CharDelimiterSplit") {
    return make_literal_split(read_character(json, "delimiter"), SplitBehavior::kRemoved, false);
  }
  if (type == "Metaspace") {
    return read_metaspace(json);
  }
  json.unsupported("type", type);
}

}  // namespace

PreTokenizerSteps read_pre_tokenizer(const JsonFields& json) {
  std::vector<JsonFields> list;
  flatten(json, list);
  PreTokenizerSteps out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool last = i + 1 == list.size();
    const std::string type = list[i].text("type");
    if (!last && is_individual_digits(list[i]) && is_plain_gpt2(list[i + 1])) {
      out.steps.push_back(make_gpt2_digits_split());
      ++i;
      out.byte_level = i + 1 == list.size();
    } else if (type == "ByteLevel") {
      add_byte_level(list[i], out);
      out.byte_level = last;
    } else if (type == "BertPreTokenizer") {
      out.steps.push_back(make_character_split(is_white_space, SplitBehavior::kRemoved));
      out.steps.push_back(make_character_split(is_punctuation, SplitBehavior::kIsolated));
      continue;
    } else {
      out.steps.push_back(read_simple(list[i]));
      continue;
    }
    if (!out.byte_level) {
      out.steps.push_back(make_byte_spelling());
    }
  }
  return out;
}

}  // namespace everform::text
