// everform tokenize: texts to tokens, tokens to texts, chats through their template, and new vocabularies.

#include <charconv>
#include <cstdio>
#include <filesystem>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/output_folder.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/text/chat_prompt.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/tokenizer_training.h"

namespace everform {

namespace {

using nlohmann::json;

constexpr const char* kWhere = "everform tokenize";

std::optional<bool> asked_for_specials(const Invocation& invocation) {
  return invocation.has("add-specials") ? std::optional(invocation.text("add-specials") == "yes")
                                        : std::nullopt;
}

// A token on a line: id, piece, the bytes of the text that it covers.
std::string token_line(const Tokenizer& tokenizer, const Encoding& encoding, std::size_t i) {
  const auto [begin, end] = encoding.offsets[i];
  char columns[80];
  std::snprintf(columns, sizeof columns, "%8d  %8zu-%-8zu  ", encoding.ids[i], begin, end);
  return columns + printable(tokenizer.piece(encoding.ids[i])) + "\n";
}

ActionResult encode_text(const Tokenizer& tokenizer, const std::string& text, const Invocation& invocation) {
  const Encoding encoding = tokenizer.encode(
      text, {.parse_specials = invocation.flag("specials"), .add_specials = asked_for_specials(invocation)});
  ActionResult result;
  json::array_t pieces;
  json::array_t offsets;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    if (!invocation.common.json) {
      result.text += token_line(tokenizer, encoding, i);
      continue;
    }
    pieces.push_back(tokenizer.piece(encoding.ids[i]));
    offsets.push_back({encoding.offsets[i].first, encoding.offsets[i].second});
  }
  result.text += std::to_string(encoding.ids.size()) + " tokens, " + std::to_string(text.size()) + " bytes\n";
  result.json = {{"tokens", encoding.ids}, {"pieces", std::move(pieces)}, {"offsets", std::move(offsets)}};
  return result;
}

std::vector<TokenId> parse_ids(const std::string& list) {
  std::vector<TokenId> ids;
  const char* at = list.data();
  const char* last = at + list.size();
  while (at != last) {
    TokenId id = 0;
    const auto [end, error] = std::from_chars(at, last, id);
    if (error != std::errc() || (end != last && *end != ',' && *end != ' ')) {
      throw Error(ErrorKind::kUsage, "reading --decode", "\"" + list + "\" is no list of token ids",
                  "write them as 1,2,3");
    }
    ids.push_back(id);
    for (at = end; at != last && (*at == ',' || *at == ' ');) {
      ++at;
    }
  }
  return ids;
}

ActionResult decode_ids(const Tokenizer& tokenizer, const Invocation& invocation) {
  const std::vector<TokenId> ids = parse_ids(invocation.text("decode"));
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= tokenizer.vocabulary_size()) {
      throw Error(ErrorKind::kUsage, "reading --decode",
                  std::to_string(id) + " is not one of the " + std::to_string(tokenizer.vocabulary_size()) +
                      " tokens");
    }
  }
  const std::string text = tokenizer.decode(ids, invocation.flag("specials"));
  return {.json = {{"text", text}}, .text = text + "\n"};
}

// The conversation of --messages: a list in OpenAI's form, or an object with it under "messages". Tools keep
// the order of their keys.
nlohmann::ordered_json read_messages(const std::string& file) {
  const std::string text = read_file(file);
  json document = parse_json(text, "reading " + file);
  if (document.is_object() ? !document.contains("messages") || !document["messages"].is_array()
                           : !document.is_array()) {
    throw Error(ErrorKind::kBadInput, "reading " + file, "it is no list of messages",
                R"(write [{"role": "user", "content": "..."}, ...])");
  }
  nlohmann::ordered_json ordered = nlohmann::ordered_json::parse(text);
  return ordered.is_array() ? nlohmann::ordered_json{{"messages", std::move(ordered)}} : ordered;
}

ActionResult encode_messages(const Tokenizer& tokenizer, const Invocation& invocation) {
  nlohmann::ordered_json variables = read_messages(invocation.text("messages"));
  const auto chat_template = tokenizer.chat_template();
  if (!chat_template) {
    throw Error(ErrorKind::kUsage, kWhere, invocation.target + " brings no chat template");
  }
  variables["add_generation_prompt"] = !invocation.flag("no-generation-prompt");
  const ChatPrompt prompt = render_chat(tokenizer, *chat_template, variables);
  return {.json = {{"text", prompt.text}, {"tokens", prompt.tokens}},
          .text = prompt.text + "\n" + std::to_string(prompt.tokens.size()) + " tokens\n"};
}

std::vector<std::string> list_of(const Invocation& invocation, const std::string& option) {
  const json& value = invocation.options.at(option);
  return value.is_array() ? value.get<std::vector<std::string>>() : std::vector{value.get<std::string>()};
}

ActionResult train(const Invocation& invocation) {
  TokenizerTraining options;
  options.kind = invocation.text("kind");
  options.vocabulary = static_cast<std::size_t>(invocation.integer("vocabulary"));
  options.split = invocation.text("split");
  if (invocation.has("special")) {
    options.specials = list_of(invocation, "special");
  }
  std::filesystem::path out = invocation.common.out.empty() ? "tokenizer.json" : invocation.common.out;
  if (std::filesystem::is_directory(out)) {
    out /= "tokenizer.json";
  }
  refuse_existing_file(out, invocation.common.yes, "writing the tokenizer");
  const std::string text = read_file(invocation.text("train"));
  const json trained = train_tokenizer(text, options);
  const auto tokenizer = make_tokenizer(trained, out.string());
  write_file(out, json_to_text(trained, 1) + "\n");
  const std::size_t tokens = tokenizer->encode_ids(text, {.add_specials = false}).size();
  const double bytes_per_token =
      tokens == 0 ? 0.0 : static_cast<double>(text.size()) / static_cast<double>(tokens);
  char line[120];
  std::snprintf(line, sizeof line, ": %zu pieces, %.2f bytes a token\n", tokenizer->vocabulary_size(),
                bytes_per_token);
  return {.json = {{"out", out.string()},
                   {"kind", options.kind},
                   {"vocabulary", tokenizer->vocabulary_size()},
                   {"tokens", tokens},
                   {"bytes_per_token", bytes_per_token}},
          .text = out.string() + line};
}

ActionResult run_tokenize(const Invocation& invocation) {
  std::vector<std::string> asked;
  for (const char* option : {"text", "text-file", "decode", "messages", "train"}) {
    if (invocation.has(option)) {
      asked.emplace_back(option);
    }
  }
  if (asked.size() != 1) {
    throw Error(ErrorKind::kUsage, kWhere,
                asked.empty() ? "nothing to do" : "--" + asked[0] + " and --" + asked[1] + " at once",
                "give one of --text, --text-file, --decode, --messages and --train");
  }
  if (asked[0] == "train") {
    return train(invocation);
  }
  if (invocation.target.empty()) {
    throw Error(ErrorKind::kUsage, kWhere, "it needs a vocabulary",
                "name a model, a tokenizer.json or a run folder");
  }
  const auto tokenizer = load_tokenizer(resolve_model_path(invocation.target));
  if (asked[0] == "decode") {
    return decode_ids(*tokenizer, invocation);
  }
  if (asked[0] == "messages") {
    return encode_messages(*tokenizer, invocation);
  }
  const std::string text =
      asked[0] == "text" ? invocation.text("text") : read_file(invocation.text("text-file"));
  return encode_text(*tokenizer, text, invocation);
}

std::vector<OptionSpec> tokenize_options() {
  using Type = OptionSpec::Type;
  return {{.name = "text", .type = Type::kText, .value_name = "TEXT", .help = "a text to encode"},
          {.name = "text-file",
           .type = Type::kPath,
           .value_name = "FILE",
           .help = "a file to encode, its last newline included"},
          {.name = "specials",
           .type = Type::kFlag,
           .help = "special tokens that the text spells become tokens; --decode keeps them"},
          {.name = "add-specials",
           .type = Type::kText,
           .value_name = "yes|no",
           .help = "tokens at the beginning and end; without it the model's own settings hold",
           .choices = {"yes", "no"}},
          {.name = "decode",
           .type = Type::kText,
           .value_name = "IDS",
           .help = "token ids to turn into text: 1,2,3"},
          {.name = "messages",
           .type = Type::kPath,
           .value_name = "FILE",
           .help = "a conversation (JSON) to encode by the chat template"},
          {.name = "no-generation-prompt",
           .type = Type::kFlag,
           .help = "--messages without the opening of an answer"},
          {.name = "train",
           .type = Type::kPath,
           .value_name = "FILE",
           .help = "a text to learn a vocabulary from; writes --out"},
          {.name = "vocabulary",
           .type = Type::kInteger,
           .value_name = "N",
           .help = "its size",
           .default_value = 8192},
          {.name = "kind",
           .type = Type::kText,
           .value_name = "KIND",
           .help = "its kind",
           .default_value = "bpe",
           .choices = tokenizer_kinds()},
          {.name = "split",
           .type = Type::kText,
           .value_name = "STYLE",
           .help = "how bpe cuts words: gpt-2, smollm, llama-bpe, qwen2, ...",
           .default_value = "gpt-2"},
          {.name = "special",
           .type = Type::kText,
           .value_name = "TOKEN",
           .help = "a special token of the new vocabulary",
           .repeatable = true}};
}

}  // namespace

Verb make_tokenize_verb() {
  return {.name = "tokenize",
          .help = "turns texts into tokens and back, and trains vocabularies",
          .example = "everform tokenize smollm2-135m-instruct --text \"The capital of France\" --json",
          .target = Verb::Target::kOptional,
          .target_help = "a bundled model, a GGUF file, a vocabulary file, or a folder with one",
          .options = tokenize_options(),
          .run = run_tokenize,
          .uses_threads = false};
}

}  // namespace everform
