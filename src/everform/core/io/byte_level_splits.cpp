#include "everform/core/io/byte_level_splits.h"

#include <algorithm>

namespace everform {

namespace {

using Json = nlohmann::json;

// The patterns are those of the published tokenizer.json files.
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";

Json byte_level(bool split) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", split}};
}

Json split_by(const char* pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
}

Json sequence(std::initializer_list<Json> steps) {
  return {{"type", "Sequence"}, {"pretokenizers", Json::array_t(steps)}};
}

Json digits(bool individual) {
  return {{"type", "Digits"}, {"individual_digits", individual}};
}

std::vector<ByteLevelSplit> make_splits() {
  const Json punctuation = {{"type", "Punctuation"}, {"behavior", "Contiguous"}};
  return {
      {{"gpt-2", "olmo", "mpt", "phi-2", "jais"}, byte_level(true), nullptr},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell"},
       sequence({digits(true), byte_level(true)}),
       nullptr},
      {{"llama-bpe", "llama3", "llama-v3"},
       sequence({split_by(kLlama3), byte_level(false)}),
       nullptr,
       true,
       true},
      {{"dbrx", "smaug-bpe"}, sequence({split_by(kLlama3), byte_level(false)}), nullptr},
      {{"qwen2", "deepseek-r1-qwen", "stablelm2"},
       sequence({split_by(kQwen2), byte_level(false)}),
       {{"type", "NFC"}}},
      {{"falcon"},
       sequence({punctuation, byte_level(true), digits(false), split_by("[0-9][0-9][0-9]")}),
       nullptr},
      {{"bloom"}, sequence({split_by(kBloom), byte_level(false)}), nullptr},
  };
}

const std::vector<ByteLevelSplit>& splits() {
  static const std::vector<ByteLevelSplit> all = make_splits();
  return all;
}

/// Without what does not change the cuts, and with defaults spelled out.
Json normal_form(Json step) {
  if (!step.is_object()) {
    return step;
  }
  step.erase("trim_offsets");
  const std::string type = step.value("type", "");
  if (type == "ByteLevel") {
    step.emplace("use_regex", true);
  } else if (type == "Split") {
    step.emplace("invert", false);
  } else if (type == "Sequence" && step.contains("pretokenizers") && step["pretokenizers"].is_array()) {
    Json::array_t steps;
    for (const Json& inner : step["pretokenizers"]) {
      steps.push_back(normal_form(inner));
    }
    return steps.size() == 1 ? steps.front() : Json{{"type", "Sequence"}, {"pretokenizers", steps}};
  }
  return step;
}

}  // namespace

const ByteLevelSplit* find_split(std::string_view gguf_name) {
  for (const ByteLevelSplit& split : splits()) {
    if (std::find(split.gguf_names.begin(), split.gguf_names.end(), gguf_name) != split.gguf_names.end()) {
      return &split;
    }
  }
  return nullptr;
}

const ByteLevelSplit* recognise_split(const nlohmann::json& pre_tokenizer) {
  const Json wanted = normal_form(pre_tokenizer);
  for (const ByteLevelSplit& split : splits()) {
    if (normal_form(split.pre_tokenizer) == wanted) {
      return &split;
    }
  }
  return nullptr;
}

}  // namespace everform
