#include "everform/domains/language/conversation.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/text/chat_prompt.h"
#include "everform/domains/language/corpus.h"

namespace everform {
namespace {

constexpr const char* kForm =
    R"(write {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]})";

[[noreturn]] void fail(const std::string& where, const std::string& message) {
  throw Error(ErrorKind::kBadInput, "reading conversations, " + where, message, kForm);
}

void check_message(const nlohmann::ordered_json& message, const std::string& where) {
  if (!message.is_object() || message.size() != 2 || !message.contains("role") ||
      !message.contains("content") || !message.at("role").is_string() || !message.at("content").is_string()) {
    fail(where, "a message is a role and a content, both texts");
  }
  const std::string role = message.at("role").get<std::string>();
  if (role != "system" && role != "user" && role != "assistant") {
    fail(where, "\"" + printable(role, 60) + "\" is no role; there are system, user and assistant");
  }
}

Conversation parse_line(std::string_view line, const std::string& where) {
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.size() != 1 || !json.contains("messages") ||
      !json.at("messages").is_array()) {
    fail(where, "this line is no JSON object with a list of messages");
  }
  const Conversation& messages = json.at("messages");
  for (const nlohmann::ordered_json& message : messages) {
    check_message(message, where);
  }
  if (std::none_of(messages.begin(), messages.end(),
                   [](const auto& message) { return message.at("role") == "assistant"; })) {
    fail(where, "there is no answer of the assistant to learn");
  }
  return messages;
}

bool starts_with(const std::vector<TokenId>& ids, const std::vector<TokenId>& begin) {
  return ids.size() >= begin.size() && std::equal(begin.begin(), begin.end(), ids.begin());
}

}  // namespace

std::vector<Conversation> parse_conversations(std::string_view jsonl, const std::string& name) {
  std::vector<Conversation> conversations;
  for (std::size_t line = 1; !jsonl.empty(); ++line) {
    const std::size_t end = std::min(jsonl.find('\n'), jsonl.size());
    const std::string_view text = jsonl.substr(0, end);
    jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      conversations.push_back(parse_line(text, name + ":" + std::to_string(line)));
    }
  }
  if (conversations.empty()) {
    fail(name, "there is no conversation in it");
  }
  return conversations;
}

std::vector<Conversation> read_conversations(const std::filesystem::path& path) {
  return parse_conversations(read_text(path), path.string());
}

MaskedTokens mask_prompts(const Tokenizer& tokenizer, const std::string& chat_template,
                          const Conversation& conversation) {
  const auto render = [&](std::size_t messages, bool open_answer) {
    nlohmann::ordered_json variables;
    variables["messages"] =
        Conversation(conversation.begin(), conversation.begin() + static_cast<std::ptrdiff_t>(messages));
    variables["add_generation_prompt"] = open_answer;
    return render_chat(tokenizer, chat_template, variables).tokens;
  };
  MaskedTokens masked;
  masked.ids = render(conversation.size(), false);
  masked.learned.assign(masked.ids.size(), 0);
  for (std::size_t i = 0; i < conversation.size(); ++i) {
    if (conversation[i].at("role") != "assistant") {
      continue;
    }
    const std::vector<TokenId> before = render(i, true);
    const std::vector<TokenId> with = render(i + 1, false);
    if (!starts_with(with, before) || !starts_with(masked.ids, with)) {
      throw Error(ErrorKind::kBadInput, "masking the prompts of a conversation",
                  "the model's chat template writes earlier turns anew when a later one comes",
                  "learn from one answer at a time, or use a model with another template");
    }
    std::fill(masked.learned.begin() + static_cast<std::ptrdiff_t>(before.size()),
              masked.learned.begin() + static_cast<std::ptrdiff_t>(with.size()), std::uint8_t{1});
  }
  return masked;
}

std::vector<MaskedTokens> cut_text(const Tokenizer& tokenizer, std::string_view text, std::size_t length) {
  const std::vector<TokenId> ids = tokenizer.encode_ids(text, {.add_specials = false});
  std::vector<MaskedTokens> pieces;
  for (std::size_t at = 0; at + length <= ids.size(); at += length) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(at);
    pieces.push_back(
        {{begin, begin + static_cast<std::ptrdiff_t>(length)}, std::vector<std::uint8_t>(length, 1)});
  }
  if (pieces.empty()) {
    throw Error(ErrorKind::kBadInput, "cutting the text to learn from",
                "it has " + std::to_string(ids.size()) + " tokens, one piece has " + std::to_string(length),
                "use a longer text, or shorter pieces");
  }
  return pieces;
}

Sample next_token_sample(const MaskedTokens& tokens, std::size_t longest) {
  if (tokens.ids.size() < 2) {
    throw Error(ErrorKind::kBadInput, "making a training sample",
                "a sequence of fewer than two tokens has nothing to predict");
  }
  const std::size_t length = std::min(tokens.ids.size() - 1, longest);
  std::vector<std::int64_t> inputs(tokens.ids.begin(),
                                   tokens.ids.begin() + static_cast<std::ptrdiff_t>(length));
  std::vector<std::int64_t> targets(tokens.ids.begin() + 1,
                                    tokens.ids.begin() + static_cast<std::ptrdiff_t>(length + 1));
  std::vector<std::uint8_t> mask(tokens.learned.begin() + 1,
                                 tokens.learned.begin() + static_cast<std::ptrdiff_t>(length + 1));
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(length)};
  Sample sample;
  sample.arrays["tokens"] = {shape, std::move(inputs), Collate::kPad, 0.0};
  sample.arrays["targets"] = {shape, std::move(targets), Collate::kPad, 0.0};
  sample.arrays["mask"] = {shape, std::move(mask), Collate::kPad, 0.0};
  return sample;
}

}  // namespace everform
