// everform chat: a conversation on a terminal, or one answer for scripts.

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/domains/language/engine_options.h"
#include "everform/domains/language/text_generation.h"

namespace everform {
namespace {

// Small chat models answer best with little randomness.
constexpr GenerationDefaults kDefaults{.max_tokens = 512, .temperature = 0.2, .top_p = 0.9};

nlohmann::ordered_json message(const char* role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

void print_piece(std::string_view piece) {
  std::fwrite(piece.data(), 1, piece.size(), stdout);
  std::fflush(stdout);
}

class Conversation {
 public:
  Conversation(const Invocation& invocation, GenerationChoice choice, Messages messages)
      : choice_(std::move(choice)),
        seed_(invocation.common.seed),
        stream_(!invocation.common.json),
        messages_(std::move(messages)),
        model_(load_language_model(resolve_model_path(invocation.target), read_engine(invocation.options))),
        template_(find_chat_template(
            model_, invocation.has("template") ? std::optional(invocation.text("template")) : std::nullopt)),
        ends_(end_tokens(model_, true)),
        aids_(prepare_aids(choice_, model_, ends_, read_engine(invocation.options))) {}

  Messages& messages() { return messages_; }

  /// The answer to the messages so far; it is added to them.
  nlohmann::json answer() {
    const std::vector<TokenId> prompt = encode_messages(model_, messages_, template_);
    const GenerationResult result =
        write_text(model_, prompt, choice_, aids_, ends_, seed_,
                   stream_ ? print_piece : std::function<void(std::string_view)>(), &cache_);
    log_speculation(result);
    messages_.push_back(message("assistant", result.text));
    return generation_json(prompt, result);
  }

 private:
  GenerationChoice choice_;
  std::uint64_t seed_;
  bool stream_;
  Messages messages_;
  LanguageModel model_;
  std::string template_;
  std::vector<TokenId> ends_;
  GenerationAids aids_;
  PromptCache cache_;
};

// Waits for a line. False at the input's end; an interrupt while waiting throws.
bool read_line(std::string& line) {
  if (isatty(STDIN_FILENO) != 0) {
    std::fputs("\n> ", stderr);
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    while (poll(&input, 1, -1) < 0) {
      throw_if_interrupted("waiting for a message");
    }
  }
  return static_cast<bool>(std::getline(std::cin, line));
}

// An interrupt ends the answer, not the conversation; what was said before it stays.
void take_turn(Conversation& conversation, const std::string& line) {
  const Messages before = conversation.messages();
  conversation.messages().push_back(message("user", line));
  try {
    conversation.answer();
    print_piece("\n");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage && error.kind() != ErrorKind::kInterrupted) {
      throw;
    }
    clear_interrupt();
    conversation.messages() = before;
    std::fprintf(stderr, "\n%s\n", error.what());
  }
}

ActionResult converse(Conversation& conversation) {
  const Messages opening = conversation.messages();
  log_info("/clear begins anew, /exit or Ctrl-D ends, Ctrl-C stops an answer");
  std::string line;
  while (read_line(line)) {
    if (line == "/exit") {
      break;
    }
    if (line == "/clear") {
      conversation.messages() = opening;
    } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
      take_turn(conversation, line);
    }
  }
  return {};
}

Messages opening_messages(const Invocation& invocation) {
  Messages messages = Messages::array();
  if (invocation.has("messages")) {
    const std::string file = invocation.text("messages");
    messages = parse_messages(read_file(file), "reading " + file);
  }
  if (invocation.has("system")) {
    messages.insert(messages.begin(), message("system", invocation.text("system")));
  }
  if (invocation.has("message")) {
    messages.push_back(message("user", invocation.text("message")));
  }
  return messages;
}

ActionResult run_chat(const Invocation& invocation) {
  const GenerationChoice choice = read_generation(invocation.options);
  const bool one_turn = invocation.has("message") || invocation.has("messages");
  if (!one_turn && invocation.common.json) {
    throw Error(ErrorKind::kUsage, "reading the options of chat",
                "--json needs one turn: neither --message nor --messages is given",
                "everform chat smollm2-135m-instruct --message \"Hello\" --json");
  }
  Conversation conversation(invocation, choice, opening_messages(invocation));
  if (!one_turn) {
    return converse(conversation);
  }
  const nlohmann::json answer = conversation.answer();
  if (!invocation.common.out.empty()) {
    write_file(invocation.common.out, answer.at("text").get<std::string>());
  }
  return {.json = answer, .text = "\n"};
}

std::vector<OptionSpec> chat_options() {
  using Type = OptionSpec::Type;
  std::vector<OptionSpec> options = {
      {.name = "message",
       .type = Type::kText,
       .value_name = "TEXT",
       .help = "one message; prints the answer and ends"},
      {.name = "messages",
       .type = Type::kPath,
       .value_name = "FILE.json",
       .help = "messages in OpenAI's form; prints the answer and ends"},
      {.name = "system", .type = Type::kText, .value_name = "TEXT", .help = "the system's message"},
      {.name = "template",
       .type = Type::kText,
       .value_name = "NAME",
       .help =
           "chat template: chatml, llama-2, alpaca, vicuna, zephyr, or a Jinja file (default: the model's)"}};
  for (OptionSpec& option : generation_options(kDefaults)) {
    options.push_back(std::move(option));
  }
  for (OptionSpec& option : engine_options()) {
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

Verb make_chat_verb() {
  return {.name = "chat",
          .help = "a conversation on a terminal, or one answer",
          .example = "everform chat smollm2-135m-instruct --message \"What is the capital of France?\"",
          .target_help = "a chat model",
          .options = chat_options(),
          .run = run_chat,
          .dispatches_systems = false};
}

}  // namespace everform
