#include "everform/core/text/split_styles.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/text/split_kernels.h"

namespace everform::text {

namespace {

// The patterns are the published tokenizer.json files'; which name means which is llama.cpp's convention
// (llama-vocab.cpp).
constexpr const char* kNumber = R"(\p{N})";
constexpr const char* kPunctuationRuns = R"([\p{P}\$\+<=>\^~\|`]+)";
constexpr const char* kThreeDigits = "[0-9][0-9][0-9]";
constexpr const char* kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepseekV3Words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepseekCjk = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
constexpr const char* kDeepseekCoderCjk = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
constexpr const char* kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";

struct NamedStyle {
  std::vector<const char*> names;
  SplitStyle style;
};

std::vector<NamedStyle> make_styles() {
  const std::string gpt2(gpt2_pattern());
  const std::string llama3(llama3_pattern());
  const std::string qwen2(qwen2_pattern());
  return {
      {{"default"}, {.patterns = {kPunctuationRuns, gpt2, R"(\p{N}+)", kThreeDigits}}},
      {{"gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "a.x-4.0", "mellum",
        "modern-bert", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4"},
       {.patterns = {gpt2}}},
      {{"jina-v1-en", "jina-v2-code", "roberta-bpe"}, {.patterns = {gpt2}, .add_separator = true}},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       {.patterns = {kNumber, gpt2}}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
       {.patterns = {llama3}, .ignore_merges = true, .add_bos = true}},
      {{"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, {.patterns = {llama3}}},
      {{"qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan", "grok-2", "solar-open"},
       {.patterns = {qwen2}}},
      {{"deepseek-coder"},
       {.patterns = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepseekCoderCjk, kNumber}}},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm"},
       {.patterns = {R"(\p{N}{1,3})", kDeepseekCjk, kDeepseekV3Words}}},
      {{"falcon"}, {.patterns = {kPunctuationRuns, gpt2, kThreeDigits}}},
      {{"bloom", "gpt3-finnish", "poro-chat"}, {.patterns = {kBloom}}},
      {{"viking"}, {.patterns = {kBloom, kNumber}}},
      {{"tekken"}, {.patterns = {std::string(kTekken)}, .ignore_merges = true, .add_bos = true}},
      {{"gpt-4o", "llama4", "kanana2"}, {.patterns = {std::string(kO200k)}}},
      {{"seed-coder"}, {.patterns = {kSeedCoder}}},
      {{"bailingmoe", "bailingmoe2", "llada-moe"}, {.patterns = {kBailing}}},
  };
}

const std::vector<NamedStyle>& styles() {
  static const std::vector<NamedStyle> all = make_styles();
  return all;
}

}  // namespace

std::string_view gpt2_pattern() {
  return pattern_of_kernel(SplitKernel::kGpt2);
}
std::string_view llama3_pattern() {
  return pattern_of_kernel(SplitKernel::kLlama3);
}
std::string_view qwen2_pattern() {
  return pattern_of_kernel(SplitKernel::kQwen2);
}
std::string_view o200k_pattern() {
  return kO200k;
}

SplitStyle split_style(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const NamedStyle& entry : styles()) {
    for (const char* known : entry.names) {
      if (name == known) {
        return entry.style;
      }
      names.emplace_back(known);
    }
  }
  throw Error(ErrorKind::kBadInput, where,
              "the pre-tokenizer \"" + name + "\" (tokenizer.ggml.pre) is not supported",
              suggestion(name, names));
}

std::unique_ptr<PreTokenizer> make_pattern_split(const std::string& pattern, RegexDialect dialect,
                                                 const std::string& where) {
  return make_split(Regex(pattern, dialect, where), SplitBehavior::kIsolated, false);
}

std::vector<std::unique_ptr<PreTokenizer>> make_split_steps(const SplitStyle& style,
                                                            const std::string& where) {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  if (style.patterns.size() == 2 && style.patterns[0] == kNumber && style.patterns[1] == gpt2_pattern()) {
    steps.push_back(make_gpt2_digits_split());
    return steps;
  }
  for (const std::string& pattern : style.patterns) {
    steps.push_back(make_pattern_split(pattern, RegexDialect::kRust, where));
  }
  return steps;
}

}  // namespace everform::text
