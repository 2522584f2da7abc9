// Answers of the OpenAI-compatible endpoints, whole and in pieces.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/server/job.h"
#include "everform/core/server/tool_calls.h"
#include "everform/core/text/tokenizer.h"

namespace everform::server {

/// One of the texts that a request asked for, as far as it is written.
struct Choice {
  std::string text;
  std::vector<ScoredToken> prompt_tokens;  ///< with echo and log-probabilities
  std::vector<ScoredToken> tokens;         ///< with log-probabilities
  JobEnd end;
  bool ended = false;
};

/// What every answer and every piece of a stream begins with.
struct AnswerHead {
  std::string id;
  std::int64_t created = 0;  ///< seconds since 1970
  std::string model;
};

class AnswerFormat {
 public:
  using Json = nlohmann::ordered_json;

  AnswerFormat(AnswerHead head, std::shared_ptr<const Tokenizer> tokenizer, bool scored)
      : head_(std::move(head)), tokenizer_(std::move(tokenizer)), scored_(scored) {}
  virtual ~AnswerFormat() = default;

  /// The whole answer.
  Json whole(const std::vector<Choice>& choices);
  /// The last piece of a stream that asked for its usage.
  Json usage_piece(const std::vector<Choice>& choices) const;
  /// Pieces of a stream: before a choice's first text, for each text, and at its end.
  virtual std::vector<Json> opening(std::size_t index) = 0;
  virtual std::vector<Json> piece(std::size_t index, const JobPiece& piece) = 0;
  virtual std::vector<Json> closing(std::size_t index, const Choice& choice) = 0;
  /// The prompt's own tokens, for an answer that repeats them.
  virtual std::vector<Json> echo(std::size_t index, const std::vector<ScoredToken>& tokens) = 0;

 protected:
  virtual const char* object(bool streamed) const = 0;
  virtual Json whole_choice(std::size_t index, const Choice& choice) = 0;
  Json begin(bool streamed) const;
  /// One piece of a stream that holds one choice.
  Json piece_of(Json choice) const;

  AnswerHead head_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  bool scored_;
};

/// "stop" or "length".
const char* finish_name(JobFinish finish);

/// /v1/completions. @param echoed the prompt's text for each choice; "" without echo
std::unique_ptr<AnswerFormat> make_completion_format(AnswerHead head,
                                                     std::shared_ptr<const Tokenizer> tokenizer, bool scored,
                                                     std::vector<std::string> echoed);
/// /v1/chat/completions.
std::unique_ptr<AnswerFormat> make_chat_format(AnswerHead head, std::shared_ptr<const Tokenizer> tokenizer,
                                               bool scored, ToolCallReading reading);

/// /v1/embeddings. @param vectors [inputs, width]
nlohmann::ordered_json embeddings_answer(const std::string& model,
                                         const std::vector<std::vector<float>>& vectors, bool base64);

/// Standard base64 with padding (RFC 4648, section 4).
std::string base64_text(std::string_view bytes);

}  // namespace everform::server
