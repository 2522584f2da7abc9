// The requests of the OpenAI-compatible endpoints, read from their JSON and checked.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "everform/core/decoding/logits_processor.h"
#include "everform/core/server/output_form.h"
#include "everform/core/text/tokenizer.h"

namespace everform::server {

/// What the completion endpoints share.
struct GenerationFields {
  std::string model;  ///< "" where not given
  SamplingOptions sampling;
  std::optional<std::size_t> max_tokens;
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed;
  std::size_t n = 1;
  bool stream = false;
  bool include_usage = false;  ///< of a stream
  int top_logprobs = -1;       ///< -1: no log-probabilities
  bool ignore_end = false;     ///< goes on after end tokens, for measurements
  std::vector<std::pair<TokenId, float>> bias;
  std::optional<OutputForm> form;
};

using Prompt = std::variant<std::string, std::vector<TokenId>>;

struct CompletionRequest {
  GenerationFields common;
  std::vector<Prompt> prompts;  ///< at least one
  bool echo = false;
  bool parse_specials = false;  ///< special tokens that a text spells become tokens
};

enum class ToolChoice { kNone, kAuto, kRequired };

struct ChatRequest {
  GenerationFields common;
  nlohmann::ordered_json messages;  ///< contents are texts
  nlohmann::ordered_json tools;     ///< a list; null where there are none
  ToolChoice tool_choice = ToolChoice::kNone;
};

struct EmbeddingsRequest {
  std::string model;
  std::vector<std::string> inputs;  ///< at least one
  bool base64 = false;
};

struct TokenizeRequest {
  std::string model;
  std::string text;
  nlohmann::ordered_json messages;  ///< null: `text` counts
  std::optional<bool> add_specials;
  bool parse_specials = false;
};

/// Each throws ApiError 400 that names the field. @param body the request's JSON @param vocabulary bounds
/// token ids
CompletionRequest read_completion_request(const std::string& body, std::size_t vocabulary);
ChatRequest read_chat_request(const std::string& body, std::size_t vocabulary);
EmbeddingsRequest read_embeddings_request(const std::string& body);
TokenizeRequest read_tokenize_request(const std::string& body);

}  // namespace everform::server
