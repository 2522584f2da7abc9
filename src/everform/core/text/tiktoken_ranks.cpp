#include <algorithm>
#include <array>
#include <charconv>

#include "everform/core/base/error.h"
#include "everform/core/text/base64.h"
#include "everform/core/text/bpe_model.h"
#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/merge_lists.h"
#include "everform/core/text/split_styles.h"
#include "everform/core/text/text_lines.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform::text {

namespace {

constexpr std::string_view kCl100k =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)";

// The published vocabularies, by their number of ranks. Special tokens stand outside the file.
struct Published {
  std::size_t ranks = 0;
  std::string_view pattern;
  std::vector<std::pair<const char*, TokenId>> specials;
};

const std::vector<Published>& published() {
  static const std::vector<Published> all = {
      {50256, gpt2_pattern(), {{"<|endoftext|>", 50256}}},  // GPT-2 (r50k), Whisper's English
      {50257, gpt2_pattern(), {{"<|endoftext|>", 50257}}},  // Whisper's many languages
      {50280, gpt2_pattern(), {{"<|endoftext|>", 50256}}},  // p50k
      {100256,
       kCl100k,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {128000, llama3_pattern(), {{"<|begin_of_text|>", 128000}, {"<|end_of_text|>", 128001}}},
      {151643,
       qwen2_pattern(),
       {{"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}}},
      {199998, o200k_pattern(), {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
  };
  return all;
}

const Published& find_published(std::size_t ranks, const std::string& where) {
  for (const Published& one : published()) {
    if (one.ranks == ranks) {
      return one;
    }
  }
  throw Error(ErrorKind::kBadInput, where,
              std::to_string(ranks) +
                  " ranks are not those of a published vocabulary, so the split pattern is not known",
              "use the model's tokenizer.json");
}

[[noreturn]] void bad_line(const std::string& where, std::size_t line) {
  throw Error(ErrorKind::kBadInput, where,
              "line " + std::to_string(line) + " is not a base64 token, a space and its rank");
}

}  // namespace

TokenizerParts read_tiktoken_ranks(std::string_view text, const std::string& where) {
  const std::vector<std::string_view> lines = split_lines(text);
  auto vocabulary = std::make_shared<Vocabulary>(where, lines.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) {
      continue;
    }
    const std::size_t space = lines[i].find(' ');
    const std::string_view base64 = lines[i].substr(0, space);
    // Whisper's files have one empty token, which Python's decoder reads from a lone "=".
    const auto token =
        space == std::string_view::npos ? std::nullopt : decode_base64(base64 == "=" ? "" : base64);
    TokenId rank = 0;
    const char* last = lines[i].data() + lines[i].size();
    const char* first = space == std::string_view::npos ? last : lines[i].data() + space + 1;
    const auto [end, error] = std::from_chars(first, last, rank);
    if (!token || error != std::errc() || end != last) {
      bad_line(where, i + 1);
    }
    if (!token->empty()) {
      vocabulary->add(rank, spell_bytes(*token));
    }
    ++count;
  }
  const Published& known = find_published(count, where);
  std::vector<std::uint32_t> ranks(vocabulary->size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i] = static_cast<std::uint32_t>(i);
  }
  TokenizerParts parts;
  for (const auto& [content, id] : known.specials) {
    parts.added.add({.id = id, .content = content, .special = true});
    if (vocabulary->has(id)) {
      throw Error(ErrorKind::kBadInput, where, "rank " + std::to_string(id) + " is the place of " + content);
    }
  }
  parts.pre_tokenizers.push_back(make_pattern_split(std::string(known.pattern), RegexDialect::kRust, where));
  // A piece that is a token as a whole is never cut by tiktoken.
  parts.model = std::make_unique<BpeModel>(vocabulary, merges_from_ranks(*vocabulary, ranks),
                                           BpeOptions{.bytes = true, .ignore_merges = true});
  parts.decoders.push_back(make_byte_level_decoder());
  parts.byte_level_decoder = true;
  parts.vocabulary = vocabulary;
  const bool has_begin = known.specials.front().first == std::string_view("<|begin_of_text|>");
  parts.bos = has_begin ? std::optional(known.specials.front().second) : std::nullopt;
  parts.eos = known.specials[has_begin ? 1 : 0].second;
  if (parts.bos) {
    parts.prefix = {*parts.bos};
  }
  return parts;
}

}  // namespace everform::text
