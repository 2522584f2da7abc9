#include "everform/domains/language/text_generation.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/decoding/beam_search.h"
#include "everform/core/decoding/speculation.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/output_folder.h"
#include "everform/core/text/chat_prompt.h"
#include "everform/core/text/chat_template.h"
#include "everform/domains/language/engine_options.h"

namespace everform {
namespace {

// What models call the end of a turn, beside their end token.
constexpr const char* kTurnEnds[] = {"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>"};

std::string option_text(const nlohmann::json& options, const char* name) {
  return options.contains(name) && !options.at(name).is_null() ? options.at(name).get<std::string>()
                                                               : std::string();
}

bool option_flag(const nlohmann::json& options, const char* name) {
  return options.contains(name) && options.at(name).is_boolean() && options.at(name).get<bool>();
}

std::string read_prompt(const nlohmann::json& options) {
  const bool typed = options.contains("prompt");
  if (typed == options.contains("prompt-file")) {
    throw Error(
        ErrorKind::kUsage, "reading the options of generate",
        typed ? "--prompt and --prompt-file are both given" : "neither --prompt nor --prompt-file is given",
        "everform generate smollm2-135m-instruct --prompt \"Once upon a time\"");
  }
  return typed ? option_text(options, "prompt") : read_file(option_text(options, "prompt-file"));
}

// A draft's tokens are compared with the model's by their ids.
void check_same_vocabulary(const Tokenizer& model, const Tokenizer& draft, const std::string& name) {
  bool same = model.vocabulary_size() == draft.vocabulary_size();
  for (std::size_t id = 0; same && id < model.vocabulary_size(); ++id) {
    same = model.piece(static_cast<TokenId>(id)) == draft.piece(static_cast<TokenId>(id));
  }
  if (!same) {
    throw Error(ErrorKind::kUsage, "reading --draft", name + " has another vocabulary than the model",
                "take a smaller model of the same family");
  }
}

void check_message(const nlohmann::ordered_json& message, std::size_t index, const std::string& where) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::kBadInput, where, "message " + std::to_string(index + 1) + " " + what,
                R"(a message is {"role": "user", "content": "..."})");
  };
  if (!message.is_object() || !message.contains("role") || !message.at("role").is_string()) {
    refuse("has no role");
  }
  if (message.contains("content") && !message.at("content").is_string() && !message.at("content").is_null()) {
    refuse("has a content that is no text");
  }
  if (!message.contains("content") && !message.contains("tool_calls")) {
    refuse("has no content");
  }
}

}  // namespace

Messages parse_messages(const std::string& json, const std::string& where) {
  parse_json(json, where);  // its errors are better than the library's
  auto document = nlohmann::ordered_json::parse(json);
  Messages messages = document.is_object() && document.contains("messages")
                          ? std::move(document.at("messages"))
                          : std::move(document);
  if (!messages.is_array() || messages.empty()) {
    throw Error(ErrorKind::kBadInput, where, "it holds no list of messages",
                R"(write [{"role": "user", "content": "..."}])");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    check_message(messages[i], i, where);
  }
  return messages;
}

std::string find_chat_template(const LanguageModel& model, const std::optional<std::string>& name) {
  if (name) {
    std::error_code code;
    return std::filesystem::is_regular_file(*name, code) ? read_file(*name) : builtin_chat_template(*name);
  }
  if (const auto own = model.tokenizer->chat_template()) {
    return *own;
  }
  throw Error(ErrorKind::kUsage, "preparing the conversation",
              model.path.string() + " brings no chat template",
              "name one of the built-in ones with --template: chatml, llama-2, alpaca, vicuna, zephyr");
}

std::vector<TokenId> encode_prompt(const LanguageModel& model, const std::string& text, bool specials) {
  std::vector<TokenId> tokens = model.tokenizer->encode_ids(text, {.parse_specials = specials});
  if (tokens.empty() && model.tokenizer->bos()) {
    tokens.push_back(*model.tokenizer->bos());
  }
  return tokens;
}

std::vector<TokenId> encode_messages(const LanguageModel& model, const Messages& messages,
                                     const std::string& chat_template) {
  nlohmann::ordered_json variables;
  variables["messages"] = messages;
  variables["add_generation_prompt"] = true;
  return render_chat(*model.tokenizer, chat_template, variables).tokens;
}

std::vector<TokenId> end_tokens(const LanguageModel& model, bool conversation) {
  std::vector<TokenId> ends;
  for (const std::int64_t token : model.config.eos) {
    ends.push_back(static_cast<TokenId>(token));
  }
  if (const auto end = model.tokenizer->eos()) {
    ends.push_back(*end);
  }
  for (const char* piece : kTurnEnds) {
    const auto token = conversation ? model.tokenizer->find_piece(piece) : std::nullopt;
    if (token && model.tokenizer->is_special(*token)) {
      ends.push_back(*token);
    }
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

GenerationAids prepare_aids(const GenerationChoice& choice, const LanguageModel& model,
                            const std::vector<TokenId>& ends, const LanguageModelOptions& engine) {
  GenerationAids aids;
  const ConstraintVocabulary vocabulary{model.tokenizer, ends};
  switch (choice.form.kind) {
    case FormChoice::Kind::kNone:
      break;
    case FormChoice::Kind::kJsonSchema:
      // Its properties are written in their order.
      aids.constraint = json_schema_constraint(nlohmann::ordered_json::parse(choice.form.text), vocabulary);
      break;
    case FormChoice::Kind::kJsonObject:
      aids.constraint = any_json_constraint(vocabulary);
      break;
    case FormChoice::Kind::kRegex:
      aids.constraint = regex_constraint(choice.form.text, vocabulary);
      break;
    case FormChoice::Kind::kGrammar:
      aids.constraint = grammar_constraint(choice.form.text, vocabulary);
      break;
  }
  if (!choice.draft.empty()) {
    const LanguageModel draft = load_language_model(find_language_model(choice.draft), engine);
    check_same_vocabulary(*model.tokenizer, *draft.tokenizer, choice.draft);
    aids.draft_model = draft.model;
  }
  return aids;
}

GenerationResult write_text(const LanguageModel& model, std::vector<TokenId> prompt,
                            const GenerationChoice& choice, const GenerationAids& aids,
                            std::vector<TokenId> ends, std::uint64_t seed,
                            const std::function<void(std::string_view)>& on_text, PromptCache* cache) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.sampling = choice.sampling;
  request.max_tokens = choice.max_tokens;
  request.stop = choice.stop;
  request.end_tokens = std::move(ends);
  request.seed = seed;
  request.on_text = on_text;
  request.constraint = aids.constraint;
  request.draft_tokens = choice.draft_tokens;
  if (aids.draft_model) {
    request.drafter = std::make_shared<ModelDrafter>(aids.draft_model, choice.sampling, seed);
  } else if (choice.speculate_ngram) {
    request.drafter = std::make_shared<NgramDrafter>();
  }
  return choice.beams > 0 ? beam_search(*model.model, *model.tokenizer, request, {.beams = choice.beams})
                          : generate(*model.model, *model.tokenizer, request, cache);
}

nlohmann::json generation_json(const std::vector<TokenId>& prompt, const GenerationResult& result) {
  return {{"prompt_tokens", prompt},
          {"tokens", result.tokens},
          {"text", result.text},
          {"finish", result.finish},
          {"prefill_tokens_per_second", result.prefill_tokens_per_second},
          {"decode_tokens_per_second", result.decode_tokens_per_second},
          {"drafted", result.drafted},
          {"accepted", result.accepted},
          {"model_calls", result.model_calls}};
}

void log_speculation(const GenerationResult& result) {
  if (result.drafted > 0) {
    log_info("guessed " + std::to_string(result.drafted) + " tokens, " + std::to_string(result.accepted) +
             " were right (" + std::to_string(100 * result.accepted / result.drafted) +
             " %): " + std::to_string(result.model_calls) + " model calls for " +
             std::to_string(result.tokens.size()) + " tokens");
  }
}

std::vector<OptionSpec> generate_options() {
  using Type = OptionSpec::Type;
  std::vector<OptionSpec> options = {
      {.name = "prompt", .type = Type::kText, .value_name = "TEXT", .help = "text to go on from"},
      {.name = "prompt-file",
       .type = Type::kPath,
       .value_name = "FILE",
       .help = "a file with the text to go on from"},
      {.name = "specials", .type = Type::kFlag, .help = "special tokens spelled in the prompt become tokens"},
      {.name = "chat",
       .type = Type::kFlag,
       .help = "the prompt is a user's message, rendered by the chat template"},
      {.name = "system",
       .type = Type::kText,
       .value_name = "TEXT",
       .help = "the system's message, with --chat"},
      {.name = "template",
       .type = Type::kText,
       .value_name = "NAME",
       .help =
           "chat template: chatml, llama-2, alpaca, vicuna, zephyr, or a Jinja file (default: the model's)"}};
  for (OptionSpec& option : generation_options({})) {
    options.push_back(std::move(option));
  }
  for (OptionSpec& option : engine_options()) {
    options.push_back(std::move(option));
  }
  return options;
}

ActionResult generate_text(const nlohmann::json& options, const CommonOptions& common,
                           const std::function<LanguageModel()>& load) {
  const GenerationChoice choice = read_generation(options);
  const std::string text = read_prompt(options);
  const bool chat = option_flag(options, "chat");
  if (!common.out.empty()) {
    refuse_existing_file(common.out, common.yes, "writing the text");
  }
  for (const char* name : {"system", "template"}) {
    if (!chat && options.contains(name)) {
      throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                  "it belongs to --chat, which is not given");
    }
  }
  const LanguageModel model = load();
  std::vector<TokenId> prompt;
  if (chat) {
    Messages messages = Messages::array();
    if (options.contains("system")) {
      messages.push_back({{"role", "system"}, {"content", option_text(options, "system")}});
    }
    messages.push_back({{"role", "user"}, {"content", text}});
    const auto name =
        options.contains("template") ? std::optional(option_text(options, "template")) : std::nullopt;
    prompt = encode_messages(model, messages, find_chat_template(model, name));
  } else {
    prompt = encode_prompt(model, text, option_flag(options, "specials"));
  }
  const std::vector<TokenId> ends = end_tokens(model, chat);
  const GenerationAids aids = prepare_aids(choice, model, ends, read_engine(options));
  const auto print = [](std::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    std::fflush(stdout);
  };
  const GenerationResult result = write_text(
      model, prompt, choice, aids, ends, common.seed,
      common.json ? std::function<void(std::string_view)>() : std::function<void(std::string_view)>(print));
  log_speculation(result);
  if (!common.out.empty()) {
    write_file(common.out, result.text);
  }
  return {.json = generation_json(prompt, result), .text = "\n"};
}

}  // namespace everform
