#include "everform/core/server/openai_answers.h"

#include <algorithm>
#include <utility>

#include "everform/core/base/utf8.h"

namespace everform::server {
namespace {

using Json = nlohmann::ordered_json;

Json usage_of(const std::vector<Choice>& choices) {
  std::size_t prompt = 0;
  std::size_t completion = 0;
  std::size_t cached = 0;
  for (const Choice& choice : choices) {
    prompt += choice.end.prompt_tokens;
    completion += choice.end.new_tokens;
    cached += choice.end.reused_tokens;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", cached}}}};
}

std::string bytes_of(const Tokenizer& tokenizer, TokenId token) {
  return tokenizer.is_special(token) ? tokenizer.piece(token) : tokenizer.token_bytes(token);
}

// A token's text; what is no UTF-8 alone is spelled byte by byte, so that tokens stay apart.
std::string token_text(const std::string& bytes) {
  if (find_invalid_utf8(bytes) == std::string_view::npos) {
    return bytes;
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "bytes:";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return text;
}

// {"tokens","token_logprobs","top_logprobs","text_offset"}
class CompletionScores {
 public:
  CompletionScores(const Tokenizer& tokenizer, std::size_t offset) : tokenizer_(tokenizer), offset_(offset) {}

  void add(const ScoredToken& token) {
    const std::string bytes = bytes_of(tokenizer_, token.token);
    json_["tokens"].push_back(token_text(bytes));
    json_["token_logprobs"].push_back(token.scored ? Json(token.logprob) : Json());
    json_["top_logprobs"].push_back(top(token));
    json_["text_offset"].push_back(offset_);
    offset_ += tokenizer_.is_special(token.token) ? 0 : bytes.size();
  }
  Json json() const { return json_; }

 private:
  Json top(const ScoredToken& token) const {
    if (!token.scored) {
      return nullptr;
    }
    Json named = Json::object();
    for (const auto& [id, logprob] : token.top) {
      named[token_text(bytes_of(tokenizer_, id))] = logprob;
    }
    named[token_text(bytes_of(tokenizer_, token.token))] = token.logprob;
    return named;
  }

  const Tokenizer& tokenizer_;
  std::size_t offset_;
  Json json_ = {{"tokens", Json::array()},
                {"token_logprobs", Json::array()},
                {"top_logprobs", Json::array()},
                {"text_offset", Json::array()}};
};

class CompletionFormat : public AnswerFormat {
 public:
  CompletionFormat(AnswerHead head, std::shared_ptr<const Tokenizer> tokenizer, bool scored,
                   std::vector<std::string> echoed)
      : AnswerFormat(std::move(head), std::move(tokenizer), scored),
        echoed_(std::move(echoed)),
        offsets_(echoed_.size(), 0) {}

  std::vector<Json> opening(std::size_t index) override {
    offsets_[index] = echoed_[index].size();
    // With log-probabilities the prompt comes with them.
    return echoed_[index].empty() || scored_
               ? std::vector<Json>()
               : std::vector<Json>{piece_of(choice(index, echoed_[index], nullptr, nullptr))};
  }

  std::vector<Json> echo(std::size_t index, const std::vector<ScoredToken>& tokens) override {
    return {piece_of(choice(index, echoed_[index], scores(tokens, 0), nullptr))};
  }

  std::vector<Json> piece(std::size_t index, const JobPiece& piece) override {
    const std::size_t offset = std::exchange(offsets_[index], offsets_[index] + piece.text.size());
    return {piece_of(choice(index, piece.text, scored_ ? scores(piece.tokens, offset) : Json(), nullptr))};
  }

  std::vector<Json> closing(std::size_t index, const Choice& written) override {
    return {piece_of(choice(index, "", nullptr, finish_name(written.end.finish)))};
  }

 protected:
  const char* object(bool /*streamed*/) const override { return "text_completion"; }

  Json whole_choice(std::size_t index, const Choice& written) override {
    std::vector<ScoredToken> tokens = written.prompt_tokens;
    tokens.insert(tokens.end(), written.tokens.begin(), written.tokens.end());
    const std::size_t offset = written.prompt_tokens.empty() ? echoed_[index].size() : 0;
    return choice(index, echoed_[index] + written.text, scored_ ? scores(tokens, offset) : Json(),
                  finish_name(written.end.finish));
  }

 private:
  Json scores(const std::vector<ScoredToken>& tokens, std::size_t offset) const {
    CompletionScores all(*tokenizer_, offset);
    for (const ScoredToken& token : tokens) {
      all.add(token);
    }
    return all.json();
  }

  static Json choice(std::size_t index, const std::string& text, Json logprobs, Json finish) {
    return {{"index", index},
            {"text", text},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(finish)}};
  }

  std::vector<std::string> echoed_;
  std::vector<std::size_t> offsets_;
};

class ChatFormat : public AnswerFormat {
 public:
  ChatFormat(AnswerHead head, std::shared_ptr<const Tokenizer> tokenizer, bool scored,
             ToolCallReading reading)
      : AnswerFormat(std::move(head), std::move(tokenizer), scored), reading_(std::move(reading)) {}

  std::vector<Json> opening(std::size_t index) override {
    return {delta(index, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr)};
  }

  std::vector<Json> echo(std::size_t /*index*/, const std::vector<ScoredToken>& /*tokens*/) override {
    return {};
  }

  std::vector<Json> piece(std::size_t index, const JobPiece& piece) override {
    std::string& held = held_[index];
    if (reading_.possible && !plain_[index]) {
      held += piece.text;
      if (reading_.required || may_become_tool_call(held)) {
        return {};
      }
      plain_[index] = true;
      return {delta(index, {{"content", std::exchange(held, {})}}, scores(piece.tokens), nullptr)};
    }
    return {delta(index, {{"content", piece.text}}, scores(piece.tokens), nullptr)};
  }

  std::vector<Json> closing(std::size_t index, const Choice& choice) override {
    std::vector<Json> pieces;
    const std::string& held = held_[index];
    const auto calls = held.empty() ? std::nullopt : find_tool_calls(held, reading_);
    if (calls) {
      pieces.push_back(delta(index, {{"tool_calls", calls_json(index, *calls, true)}}, nullptr, nullptr));
    } else if (!held.empty()) {
      pieces.push_back(delta(index, {{"content", held}}, nullptr, nullptr));
    }
    pieces.push_back(
        delta(index, Json::object(), nullptr, calls ? "tool_calls" : finish_name(choice.end.finish)));
    return pieces;
  }

 protected:
  const char* object(bool streamed) const override {
    return streamed ? "chat.completion.chunk" : "chat.completion";
  }

  Json whole_choice(std::size_t index, const Choice& choice) override {
    Json message = {{"role", "assistant"}, {"content", choice.text}};
    const auto calls = reading_.possible ? find_tool_calls(choice.text, reading_) : std::nullopt;
    if (calls) {
      message["content"] = nullptr;
      message["tool_calls"] = calls_json(index, *calls, false);
    }
    return {{"index", index},
            {"message", std::move(message)},
            {"logprobs", scores(choice.tokens)},
            {"finish_reason", calls ? "tool_calls" : finish_name(choice.end.finish)}};
  }

 private:
  Json delta(std::size_t index, Json change, Json logprobs, Json finish) const {
    return piece_of({{"index", index},
                     {"delta", std::move(change)},
                     {"logprobs", std::move(logprobs)},
                     {"finish_reason", std::move(finish)}});
  }

  Json calls_json(std::size_t index, const std::vector<ToolCall>& calls, bool streamed) const {
    Json all = Json::array();
    for (const ToolCall& call : calls) {
      Json json;
      if (streamed) {
        json["index"] = all.size();
      }
      json["id"] = "call_" + head_.id.substr(head_.id.find('-') + 1) + "_" + std::to_string(index) + "_" +
                   std::to_string(all.size());
      json["type"] = "function";
      json["function"] = {{"name", call.name}, {"arguments", call.arguments}};
      all.push_back(std::move(json));
    }
    return all;
  }

  Json entry(TokenId token, double logprob) const {
    const std::string bytes = bytes_of(*tokenizer_, token);
    Json numbers = Json::array();
    for (const char c : bytes) {
      numbers.push_back(static_cast<unsigned char>(c));
    }
    return {{"token", token_text(bytes)}, {"logprob", logprob}, {"bytes", std::move(numbers)}};
  }

  Json scores(const std::vector<ScoredToken>& tokens) const {
    if (!scored_) {
      return nullptr;
    }
    Json content = Json::array();
    for (const ScoredToken& token : tokens) {
      Json one = entry(token.token, token.logprob);
      one["top_logprobs"] = Json::array();
      for (const auto& [id, logprob] : token.top) {
        one["top_logprobs"].push_back(entry(id, logprob));
      }
      content.push_back(std::move(one));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
  }

  ToolCallReading reading_;
  std::map<std::size_t, std::string> held_;
  std::map<std::size_t, bool> plain_;
};

}  // namespace

const char* finish_name(JobFinish finish) {
  return finish == JobFinish::kStop ? "stop" : "length";
}

Json AnswerFormat::begin(bool streamed) const {
  return {{"id", head_.id},       {"object", object(streamed)},       {"created", head_.created},
          {"model", head_.model}, {"system_fingerprint", "everform"}, {"deterministic", true}};
}

Json AnswerFormat::piece_of(Json choice) const {
  Json json = begin(true);
  json["choices"] = Json::array({std::move(choice)});
  return json;
}

Json AnswerFormat::whole(const std::vector<Choice>& choices) {
  Json json = begin(false);
  json["choices"] = Json::array();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    json["choices"].push_back(whole_choice(i, choices[i]));
  }
  json["usage"] = usage_of(choices);
  return json;
}

Json AnswerFormat::usage_piece(const std::vector<Choice>& choices) const {
  Json json = begin(true);
  json["choices"] = Json::array();
  json["usage"] = usage_of(choices);
  return json;
}

std::unique_ptr<AnswerFormat> make_completion_format(AnswerHead head,
                                                     std::shared_ptr<const Tokenizer> tokenizer, bool scored,
                                                     std::vector<std::string> echoed) {
  return std::make_unique<CompletionFormat>(std::move(head), std::move(tokenizer), scored, std::move(echoed));
}

std::unique_ptr<AnswerFormat> make_chat_format(AnswerHead head, std::shared_ptr<const Tokenizer> tokenizer,
                                               bool scored, ToolCallReading reading) {
  return std::make_unique<ChatFormat>(std::move(head), std::move(tokenizer), scored, std::move(reading));
}

}  // namespace everform::server
