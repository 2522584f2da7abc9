#include "everform/core/server/openai_requests.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "everform/core/server/api_error.h"
#include "everform/core/server/chat_messages.h"
#include "everform/core/server/request_fields.h"

namespace everform::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostTokens = std::int64_t{1} << 31;
constexpr std::size_t kMostPrompts = 1024;
constexpr std::size_t kMostStops = 16;
constexpr std::size_t kLongestStop = 1024;
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kMostBiases = 1024;
constexpr std::int64_t kMostLogprobs = 20;
constexpr std::int64_t kMostAnswers = 64;
constexpr std::size_t kAnyLength = std::size_t{1} << 40;  // the body's limit bounds it

void read_sampling(const RequestFields& fields, SamplingOptions& sampling) {
  // OpenAI's defaults, and penalties that look at the whole text.
  sampling.temperature = fields.number("temperature", 0, 2).value_or(1.0);
  sampling.top_p = fields.number("top_p", 0, 1).value_or(1.0);
  sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1 << 24).value_or(0));
  sampling.min_p = fields.number("min_p", 0, 1).value_or(0.0);
  sampling.typical_p = fields.number("typical_p", 0, 1).value_or(1.0);
  sampling.xtc_probability = fields.number("xtc_probability", 0, 1).value_or(0.0);
  sampling.xtc_threshold = fields.number("xtc_threshold", 0, 1).value_or(0.1);
  sampling.mirostat_tau = fields.number("mirostat_tau", 0, 100).value_or(0.0);
  sampling.mirostat_eta = fields.number("mirostat_eta", 0, 1).value_or(0.1);
  sampling.presence_penalty = fields.number("presence_penalty", -2, 2).value_or(0.0);
  sampling.frequency_penalty = fields.number("frequency_penalty", -2, 2).value_or(0.0);
  sampling.repetition_penalty = fields.number("repetition_penalty", 0.01, 100).value_or(1.0);
  sampling.repetition_window =
      static_cast<int>(fields.integer("repetition_window", -1, 1 << 24).value_or(-1));
  try {
    validate(sampling);
  } catch (const Error& error) {
    throw as_api_error(error);
  }
}

void read_bias(const RequestFields& fields, std::size_t vocabulary, GenerationFields& common) {
  if (!fields.has("logit_bias")) {
    return;
  }
  const Json& bias = fields.at("logit_bias");
  if (!bias.is_object() || bias.size() > kMostBiases) {
    fields.refuse("logit_bias", "must be an object of at most " + std::to_string(kMostBiases) + " tokens");
  }
  for (const auto& [key, value] : bias.items()) {
    TokenId token = -1;
    const auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), token);
    const bool good = code == std::errc() && end == key.data() + key.size() && token >= 0 &&
                      static_cast<std::size_t>(token) < vocabulary && value.is_number() &&
                      value.get<double>() >= -100 && value.get<double>() <= 100;
    if (!good) {
      fields.refuse("logit_bias", "must name token ids of the vocabulary with values from -100 to 100");
    }
    common.bias.emplace_back(token, static_cast<float>(value.get<double>()));
  }
}

void read_form(const RequestFields& fields, GenerationFields& common) {
  const auto format = fields.object("response_format");
  if (!format) {
    return;
  }
  const std::string type = format->text("type", kLongestName).value_or("");
  OutputForm form;
  if (type == "text") {
    return;
  }
  if (type == "json_schema") {
    const auto holder = format->object("json_schema");
    if (!holder || !holder->has("schema") || !holder->at("schema").is_object()) {
      format->refuse("json_schema", "must be an object that holds a schema");
    }
    form.kind = OutputForm::Kind::kSchema;
    form.schema = holder->at("schema");
  } else if (type == "regex" || type == "grammar") {
    const char* field = type == "regex" ? "pattern" : "grammar";
    const auto text = format->text(field, std::size_t{1} << 16);
    if (!text) {
      format->refuse(field, "is missing");
    }
    form.kind = type == "regex" ? OutputForm::Kind::kRegex : OutputForm::Kind::kGrammar;
    form.text = *text;
  } else if (type != "json_object") {
    format->refuse("type", "must be text, json_object, json_schema, regex or grammar");
  }
  common.form = std::move(form);
}

GenerationFields read_common(const RequestFields& fields, std::size_t vocabulary) {
  GenerationFields common;
  common.model = fields.text("model", kLongestName).value_or("");
  read_sampling(fields, common.sampling);
  common.stop = fields.texts("stop", kMostStops, kLongestStop);
  if (std::any_of(common.stop.begin(), common.stop.end(), [](const auto& stop) { return stop.empty(); })) {
    fields.refuse("stop", "must hold no empty text");
  }
  common.seed = fields.unsigned_integer("seed");
  common.n = static_cast<std::size_t>(fields.integer("n", 1, kMostAnswers).value_or(1));
  common.stream = fields.flag("stream", false);
  if (const auto options = fields.object("stream_options")) {
    common.include_usage = options->flag("include_usage", false);
  }
  common.ignore_end = fields.flag("ignore_eos", false);
  read_bias(fields, vocabulary, common);
  read_form(fields, common);
  return common;
}

std::optional<std::vector<TokenId>> token_list(const Json& list, std::size_t vocabulary) {
  std::vector<TokenId> tokens;
  for (const Json& value : list) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
        static_cast<std::uint64_t>(value.get<std::int64_t>()) >= vocabulary) {
      return std::nullopt;
    }
    tokens.push_back(static_cast<TokenId>(value.get<std::int64_t>()));
  }
  return tokens;
}

std::vector<Prompt> read_prompts(const RequestFields& fields, std::size_t vocabulary) {
  if (!fields.has("prompt")) {
    fields.refuse("prompt", "is missing");
  }
  const Json& prompt = fields.at("prompt");
  const auto refuse = [&] {
    fields.refuse("prompt", "must be a text, a list of token ids below " + std::to_string(vocabulary) +
                                ", or a list of at most " + std::to_string(kMostPrompts) + " of either");
  };
  if (prompt.is_string()) {
    return {prompt.get<std::string>()};
  }
  if (!prompt.is_array() || prompt.empty()) {
    refuse();
  }
  std::vector<Prompt> prompts;
  if (prompt.front().is_number()) {
    auto tokens = token_list(prompt, vocabulary);
    if (!tokens) {
      refuse();
    }
    prompts.emplace_back(std::move(*tokens));
    return prompts;
  }
  if (prompt.size() > kMostPrompts) {
    refuse();
  }
  for (const Json& entry : prompt) {
    auto tokens = entry.is_array() ? token_list(entry, vocabulary) : std::nullopt;
    if (entry.is_string()) {
      prompts.emplace_back(entry.get<std::string>());
    } else if (tokens) {
      prompts.emplace_back(std::move(*tokens));
    } else {
      refuse();
    }
  }
  return prompts;
}

void read_tool_choice(const RequestFields& fields, ChatRequest& request) {
  if (fields.has("tools")) {
    request.tools = read_tools(fields.at("tools"));
  }
  if (request.tools.empty()) {
    request.tools = nullptr;
  }
  request.tool_choice = request.tools.is_null() ? ToolChoice::kNone : ToolChoice::kAuto;
  if (!fields.has("tool_choice")) {
    return;
  }
  const Json& choice = fields.at("tool_choice");
  if (choice == "none") {
    request.tool_choice = ToolChoice::kNone;
    request.tools = nullptr;
    return;
  }
  if (request.tools.is_null()) {
    if (choice != "auto") {
      fields.refuse("tool_choice", "needs tools");
    }
    return;
  }
  if (choice == "auto" || choice == "required") {
    request.tool_choice = choice == "auto" ? ToolChoice::kAuto : ToolChoice::kRequired;
    return;
  }
  const auto named = choice.is_object() ? fields.object("tool_choice")->object("function") : std::nullopt;
  const auto name = named ? named->text("name", kLongestName) : std::nullopt;
  const auto found = std::find_if(request.tools.begin(), request.tools.end(), [&](const Json& tool) {
    return name && tool["function"]["name"] == *name;
  });
  if (found == request.tools.end()) {
    fields.refuse("tool_choice", "must be none, auto, required, or name a function of tools");
  }
  request.tool_choice = ToolChoice::kRequired;
  request.tools = Json::array({*found});
}

}  // namespace

CompletionRequest read_completion_request(const std::string& body, std::size_t vocabulary) {
  const Json document = parse_body(body);
  const RequestFields fields(document);
  CompletionRequest request;
  request.common = read_common(fields, vocabulary);
  request.prompts = read_prompts(fields, vocabulary);
  request.echo = fields.flag("echo", false);
  request.parse_specials = fields.flag("parse_specials", false);
  if (const auto most = fields.integer("max_tokens", 0, kMostTokens)) {
    request.common.max_tokens = static_cast<std::size_t>(*most);
  }
  if (request.common.max_tokens == 0U && !request.echo) {
    fields.refuse("max_tokens", "may be 0 with echo only");
  }
  request.common.top_logprobs = static_cast<int>(fields.integer("logprobs", 0, kMostLogprobs).value_or(-1));
  if (fields.text("suffix", kAnyLength).value_or("").size() > 0) {
    fields.refuse("suffix", "is not supported: this model writes forward only");
  }
  const auto best_of = fields.integer("best_of", 1, kMostAnswers);
  if (best_of && static_cast<std::size_t>(*best_of) != request.common.n) {
    fields.refuse("best_of", "is not supported: it must equal n");
  }
  return request;
}

ChatRequest read_chat_request(const std::string& body, std::size_t vocabulary) {
  const Json document = parse_body(body);
  const RequestFields fields(document);
  ChatRequest request;
  request.common = read_common(fields, vocabulary);
  if (!fields.has("messages")) {
    fields.refuse("messages", "is missing");
  }
  request.messages = read_messages(fields.at("messages"));
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    if (const auto most = fields.integer(name, 1, kMostTokens)) {
      request.common.max_tokens = static_cast<std::size_t>(*most);
    }
  }
  const auto top = fields.integer("top_logprobs", 0, kMostLogprobs);
  const bool logprobs = fields.flag("logprobs", false);
  if (top && !logprobs) {
    fields.refuse("top_logprobs", "needs logprobs");
  }
  request.common.top_logprobs = logprobs ? static_cast<int>(top.value_or(0)) : -1;
  for (const char* name : {"functions", "function_call", "audio"}) {
    if (fields.has(name)) {
      fields.refuse(name, "is not supported; functions are given as tools");
    }
  }
  read_tool_choice(fields, request);
  if (request.tool_choice == ToolChoice::kRequired && request.common.form) {
    fields.refuse("response_format", "cannot be held together with a required tool call");
  }
  return request;
}

EmbeddingsRequest read_embeddings_request(const std::string& body) {
  const Json document = parse_body(body);
  const RequestFields fields(document);
  EmbeddingsRequest request;
  request.model = fields.text("model", kLongestName).value_or("");
  request.inputs = fields.texts("input", 2048, std::size_t{1} << 20);
  if (request.inputs.empty()) {
    fields.refuse("input", "must be a text or a list of texts");
  }
  const std::string encoding = fields.text("encoding_format", 16).value_or("float");
  if (encoding != "float" && encoding != "base64") {
    fields.refuse("encoding_format", "must be float or base64");
  }
  if (fields.has("dimensions")) {
    fields.refuse("dimensions", "is not supported: vectors have the encoder's own width");
  }
  request.base64 = encoding == "base64";
  return request;
}

TokenizeRequest read_tokenize_request(const std::string& body) {
  const Json document = parse_body(body);
  const RequestFields fields(document);
  TokenizeRequest request;
  request.model = fields.text("model", kLongestName).value_or("");
  if (fields.has("messages")) {
    request.messages = read_messages(fields.at("messages"));
  } else {
    const char* name = fields.has("content") ? "content" : fields.has("prompt") ? "prompt" : "text";
    const auto text = fields.text(name, kAnyLength);
    if (!text) {
      fields.refuse("text", "is missing");
    }
    request.text = *text;
  }
  if (fields.has("add_specials")) {
    request.add_specials = fields.flag("add_specials", false);
  }
  request.parse_specials = fields.flag("parse_specials", false);
  return request;
}

}  // namespace everform::server
