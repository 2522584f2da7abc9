#include "everform/core/text/tokenizer_training.h"

#include <algorithm>
#include <functional>
#include <map>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/pair_learner.h"
#include "everform/core/text/pipeline_tokenizer.h"
#include "everform/core/text/split_styles.h"
#include "everform/core/text/unigram_learner.h"
#include "everform/core/text/vocabulary_readers.h"
#include "everform/core/text/word_counts.h"

namespace everform {

namespace {

using nlohmann::json;
using Steps = std::vector<std::unique_ptr<text::PreTokenizer>>;

constexpr const char* kWhere = "training a tokenizer";
constexpr const char* kMetaspace = "\xe2\x96\x81";
constexpr const char* kUnknown = "<unk>";
constexpr std::size_t kLongestText = std::size_t{1} << 30;

// The frame of a tokenizer.json; special tokens are the vocabulary's first ids.
json make_document(json model, const std::vector<std::string>& specials) {
  json added = json::array();
  for (std::size_t id = 0; id < specials.size(); ++id) {
    added.push_back({{"id", id},
                     {"content", specials[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  return {{"version", "1.0"},          {"truncation", nullptr},
          {"padding", nullptr},        {"added_tokens", std::move(added)},
          {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
          {"post_processor", nullptr}, {"decoder", nullptr},
          {"model", std::move(model)}};
}

json byte_level(bool use_regex) {
  return {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", use_regex}};
}

json regex_split(const std::string& pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
}

json byte_level_pre_tokenizer(const text::SplitStyle& style) {
  if (style.patterns.size() == 1 && style.patterns[0] == text::gpt2_pattern()) {
    return byte_level(true);
  }
  json steps = json::array();
  for (const std::string& pattern : style.patterns) {
    steps.push_back(regex_split(pattern));
  }
  steps.push_back(byte_level(false));
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

void require_room(std::size_t vocabulary, std::size_t needed, const std::string& what) {
  if (vocabulary < needed) {
    throw Error(ErrorKind::kUsage, kWhere,
                "a vocabulary of " + std::to_string(vocabulary) + " has no room for " + what + " (" +
                    std::to_string(needed) + ")",
                "give a larger --vocabulary");
  }
}

// Special tokens, then the 256 bytes in the alphabet's order (as Hugging Face's trainer has them), then what
// was learned.
std::vector<std::string> byte_alphabet() {
  std::vector<std::pair<char32_t, unsigned>> order;
  for (unsigned byte = 0; byte < 256; ++byte) {
    order.emplace_back(text::byte_to_character(static_cast<unsigned char>(byte)), byte);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> bytes;
  for (const auto& [character, byte] : order) {
    bytes.emplace_back(1, static_cast<char>(byte));
  }
  return bytes;
}

json byte_level_document(const std::vector<std::string>& specials, const std::vector<std::string>& pieces,
                         const std::vector<std::pair<TokenId, TokenId>>& merges, json pre_tokenizer) {
  json vocabulary = json::object();
  for (std::size_t i = 0; i < specials.size(); ++i) {
    vocabulary[specials[i]] = i;
  }
  std::vector<std::string> spelled;
  for (const std::string& piece : pieces) {
    spelled.push_back(text::spell_bytes(piece));
    // A learned piece that spells a special token would be two entries of one name; the special one stays.
    vocabulary.emplace(spelled.back(), specials.size() + spelled.size() - 1);
  }
  json pairs = json::array();
  for (const auto& [left, right] : merges) {
    pairs.push_back({spelled[static_cast<std::size_t>(left)], spelled[static_cast<std::size_t>(right)]});
  }
  json document = make_document({{"type", "BPE"},
                                 {"dropout", nullptr},
                                 {"unk_token", nullptr},
                                 {"continuing_subword_prefix", nullptr},
                                 {"end_of_word_suffix", nullptr},
                                 {"fuse_unk", false},
                                 {"byte_fallback", false},
                                 {"ignore_merges", false},
                                 {"vocab", std::move(vocabulary)},
                                 {"merges", std::move(pairs)}},
                                specials);
  document["pre_tokenizer"] = std::move(pre_tokenizer);
  document["decoder"] = byte_level(true);
  return document;
}

json train_bpe(std::string_view corpus, const TokenizerTraining& options) {
  require_room(options.vocabulary, options.specials.size() + 256, "the special tokens and 256 bytes");
  const text::SplitStyle style = text::split_style(options.split, "the split \"" + options.split + "\"");
  std::vector<std::string> alphabet = byte_alphabet();
  std::vector<TokenId> symbol_of_byte(256);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    symbol_of_byte[static_cast<unsigned char>(alphabet[i][0])] = static_cast<TokenId>(i);
  }
  std::vector<text::SymbolWord> words;
  for (const text::WordCount& word :
       text::count_words(corpus, options.specials, nullptr, text::make_split_steps(style, kWhere))) {
    text::SymbolWord symbols{{}, word.count};
    for (const char byte : word.word) {
      symbols.symbols.push_back(symbol_of_byte[static_cast<unsigned char>(byte)]);
    }
    words.push_back(std::move(symbols));
  }
  text::PairLearner learner(std::move(alphabet), std::move(words), "");
  learner.learn(options.vocabulary - options.specials.size(), options.min_count);
  return byte_level_document(options.specials, learner.pieces(), learner.merges(),
                             byte_level_pre_tokenizer(style));
}

json make_bytes(std::string_view, const TokenizerTraining& options) {
  std::vector<std::string> bytes;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes.emplace_back(1, static_cast<char>(byte));
  }
  return byte_level_document(options.specials, bytes, {}, byte_level(false));
}

// `specials` with the unknown token among them.
std::vector<std::string> with_unknown(std::vector<std::string> specials, const std::string& unknown) {
  if (std::find(specials.begin(), specials.end(), unknown) == specials.end()) {
    specials.insert(specials.begin(), unknown);
  }
  return specials;
}

json train_unigram(std::string_view corpus, const TokenizerTraining& options) {
  const std::vector<std::string> specials = with_unknown(options.specials, kUnknown);
  require_room(options.vocabulary, specials.size() + 1, "the special tokens and a piece");
  Steps steps;
  steps.push_back(text::make_metaspace(kMetaspace, text::PrependScheme::kAlways, true));
  const auto words = text::count_words(corpus, options.specials, nullptr, steps);
  json pieces = json::array();
  for (const std::string& special : specials) {
    pieces.push_back({special, 0.0});
  }
  for (const text::ScoredPiece& piece :
       text::learn_unigram(words, {.pieces = options.vocabulary - specials.size()})) {
    pieces.push_back({piece.piece, piece.score});
  }
  const auto unknown = std::find(specials.begin(), specials.end(), kUnknown) - specials.begin();
  json document = make_document(
      {{"type", "Unigram"}, {"unk_id", unknown}, {"vocab", std::move(pieces)}, {"byte_fallback", false}},
      specials);
  const json metaspace = {
      {"type", "Metaspace"}, {"replacement", kMetaspace}, {"prepend_scheme", "always"}, {"split", true}};
  document["pre_tokenizer"] = metaspace;
  document["decoder"] = metaspace;
  return document;
}

json train_wordpiece(std::string_view corpus, const TokenizerTraining& options) {
  const std::vector<std::string> specials = with_unknown(options.specials, "[UNK]");
  const auto normalizer =
      text::make_bert_normalizer({.strip_accents = options.lowercase, .lowercase = options.lowercase});
  Steps steps;
  steps.push_back(text::make_character_split(text::is_white_space, text::SplitBehavior::kRemoved));
  steps.push_back(text::make_character_split(text::is_punctuation, text::SplitBehavior::kIsolated));
  std::map<std::string, TokenId> ids;
  std::vector<text::SymbolWord> words;
  const auto counts = text::count_words(corpus, options.specials, normalizer.get(), steps);
  const auto each_symbol = [&](const std::string& word, const auto& visit) {
    for (std::size_t at = 0; at < word.size();) {
      const text::CodePoint point = text::code_point_at(word, at);
      visit((at == 0 ? "" : "##") + word.substr(at, point.length));
      at += point.length;
    }
  };
  const auto valid = [](const std::string& word) {
    return find_invalid_utf8(word) == std::string_view::npos;
  };
  for (const text::WordCount& word : counts) {
    if (valid(word.word)) {
      each_symbol(word.word, [&](const std::string& symbol) { ids.emplace(symbol, 0); });
    }
  }
  std::vector<std::string> symbols;
  for (auto& [symbol, id] : ids) {
    id = static_cast<TokenId>(symbols.size());
    symbols.push_back(symbol);
  }
  require_room(options.vocabulary, specials.size() + symbols.size(),
               "the special tokens and the text's characters");
  for (const text::WordCount& word : counts) {
    if (valid(word.word)) {
      text::SymbolWord symbol_word{{}, word.count};
      each_symbol(word.word,
                  [&](const std::string& symbol) { symbol_word.symbols.push_back(ids.at(symbol)); });
      words.push_back(std::move(symbol_word));
    }
  }
  text::PairLearner learner(std::move(symbols), std::move(words), "##");
  learner.learn(options.vocabulary - specials.size(), options.min_count);
  json vocabulary = json::object();
  for (const std::string& special : specials) {
    vocabulary.emplace(special, vocabulary.size());
  }
  for (std::size_t i = 0; i < learner.pieces().size(); ++i) {
    vocabulary.emplace(learner.pieces()[i], specials.size() + i);
  }
  json document = make_document({{"type", "WordPiece"},
                                 {"unk_token", "[UNK]"},
                                 {"continuing_subword_prefix", "##"},
                                 {"max_input_chars_per_word", 100},
                                 {"vocab", std::move(vocabulary)}},
                                specials);
  document["normalizer"] = {{"type", "BertNormalizer"},
                            {"clean_text", true},
                            {"handle_chinese_chars", true},
                            {"strip_accents", nullptr},
                            {"lowercase", options.lowercase}};
  document["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  document["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  return document;
}

json train_characters(std::string_view corpus, const TokenizerTraining& options) {
  const std::vector<std::string> specials = with_unknown(options.specials, kUnknown);
  require_room(options.vocabulary, specials.size() + 1, "the special tokens and a character");
  Steps steps;
  steps.push_back(text::make_character_split([](char32_t) { return true; }, text::SplitBehavior::kIsolated));
  std::vector<std::string> characters;
  for (const text::WordCount& word : text::count_words(corpus, options.specials, nullptr, steps)) {
    if (text::code_point_at(word.word, 0).value < text::kInvalidByte &&
        specials.size() + characters.size() < options.vocabulary) {
      characters.push_back(word.word);
    }
  }
  std::sort(characters.begin(), characters.end());
  json vocabulary = json::object();
  for (std::size_t i = 0; i < specials.size(); ++i) {
    vocabulary[specials[i]] = i;
  }
  for (std::size_t i = 0; i < characters.size(); ++i) {
    vocabulary.emplace(characters[i], specials.size() + i);
  }
  json document = make_document(
      {{"type", "WordLevel"}, {"vocab", std::move(vocabulary)}, {"unk_token", kUnknown}}, specials);
  document["pre_tokenizer"] = regex_split(R"([\s\S])");
  document["decoder"] = {{"type", "Fuse"}};
  return document;
}

using Trainer = std::function<json(std::string_view, const TokenizerTraining&)>;

const std::vector<std::pair<std::string, Trainer>>& trainers() {
  static const std::vector<std::pair<std::string, Trainer>> all = {{"bpe", train_bpe},
                                                                   {"unigram", train_unigram},
                                                                   {"wordpiece", train_wordpiece},
                                                                   {"characters", train_characters},
                                                                   {"bytes", make_bytes}};
  return all;
}

void check_specials(const std::vector<std::string>& specials) {
  for (std::size_t i = 0; i < specials.size(); ++i) {
    const bool repeated = std::find(specials.begin(), specials.begin() + static_cast<std::ptrdiff_t>(i),
                                    specials[i]) != specials.begin() + static_cast<std::ptrdiff_t>(i);
    if (specials[i].empty() || repeated || find_invalid_utf8(specials[i]) != std::string_view::npos) {
      throw Error(ErrorKind::kUsage, kWhere,
                  "the special token \"" + specials[i] + "\" is empty, repeated or no UTF-8");
    }
  }
}

}  // namespace

const std::vector<std::string>& tokenizer_kinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, trainer] : trainers()) {
      all.push_back(name);
    }
    return all;
  }();
  return names;
}

json train_tokenizer(std::string_view text, const TokenizerTraining& options) {
  check_specials(options.specials);
  if (text.size() > kLongestText) {
    throw Error(ErrorKind::kUsage, kWhere,
                "a text of " + std::to_string(text.size()) + " bytes is more than 1073741824",
                "a part of it is enough to learn from");
  }
  for (const auto& [name, trainer] : trainers()) {
    if (name == options.kind) {
      return trainer(text, options);
    }
  }
  throw Error(ErrorKind::kUsage, kWhere, "\"" + options.kind + "\" is no kind of tokenizer",
              suggestion(options.kind, tokenizer_kinds()));
}

std::shared_ptr<Tokenizer> make_tokenizer(const json& tokenizer_json, const std::string& where) {
  return std::make_shared<text::PipelineTokenizer>(text::read_tokenizer_json(tokenizer_json, where));
}

}  // namespace everform
