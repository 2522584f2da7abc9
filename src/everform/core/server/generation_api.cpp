#include "everform/core/server/generation_api.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "everform/core/base/random.h"
#include "everform/core/io/json_text.h"
#include "everform/core/server/api_error.h"
#include "everform/core/server/prompting.h"

namespace everform::server {
namespace {

constexpr std::size_t kFormsKept = 32;

std::string hexadecimal(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += kDigits[(value >> static_cast<unsigned>(shift)) & 15U];
  }
  return text;
}

}  // namespace

GenerationApi::GenerationApi(ServedModel model, const GenerationDefaults& defaults, SchedulerOptions options)
    : model_(std::move(model)), defaults_(defaults), scheduler_(model_.model, model_.tokenizer, options) {}

void GenerationApi::check_model(const std::string& name) const {
  if (!name.empty() && name != defaults_.model_name) {
    throw ApiError(
        404,
        "there is no model \"" + printable(name) + "\"; this server has \"" + defaults_.model_name + "\"",
        "model", "model_not_found");
  }
}

AnswerHead GenerationApi::head(const char* prefix) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  RandomStream random(static_cast<std::uint64_t>(now), "server.id", requests_);
  return {.id = prefix + hexadecimal(random.next_u64()), .created = now, .model = defaults_.model_name};
}

std::shared_ptr<const Constraint> GenerationApi::constraint_of(const OutputForm& form, bool conversation) {
  if (!model_.compile_form) {
    throw ApiError(400, "this server cannot hold answers to a form", "response_format");
  }
  const std::string key = std::to_string(static_cast<int>(form.kind)) + (conversation ? "c" : "t") +
                          form.text + form.schema.dump();
  const auto found =
      std::find_if(forms_.begin(), forms_.end(), [&](const auto& entry) { return entry.first == key; });
  if (found != forms_.end()) {
    forms_.splice(forms_.begin(), forms_, found);
    return found->second;
  }
  try {
    auto constraint =
        model_.compile_form(form, {model_.tokenizer, conversation ? model_.turn_ends : model_.text_ends});
    forms_.emplace_front(key, constraint);
    forms_.resize(std::min(forms_.size(), kFormsKept));
    return constraint;
  } catch (const Error& error) {
    throw as_api_error(error, "response_format");
  }
}

JobRequest GenerationApi::job_of(const GenerationFields& common, std::vector<TokenId> prompt,
                                 bool conversation, const std::string& client) {
  const std::size_t context = model_.model->context();
  if (prompt.empty()) {
    throw ApiError(400, "the prompt is empty", conversation ? "messages" : "prompt");
  }
  const std::size_t usual = conversation ? defaults_.chat_tokens : defaults_.completion_tokens;
  const std::size_t room = context - std::min(context, prompt.size());
  const std::size_t wanted = common.max_tokens.value_or(std::max<std::size_t>(1, std::min(usual, room)));
  if (wanted > room) {
    throw ApiError(400,
                   "the prompt has " + std::to_string(prompt.size()) + " tokens and " +
                       std::to_string(wanted) + " more are asked for, but the model's context holds " +
                       std::to_string(context),
                   conversation ? "messages" : "prompt", "context_length_exceeded");
  }
  JobRequest job;
  job.prompt = std::move(prompt);
  job.sampling = common.sampling;
  job.max_tokens = wanted;
  job.stop = common.stop;
  if (!common.ignore_end) {
    job.end_tokens = conversation ? model_.turn_ends : model_.text_ends;
  }
  // A seed of its own for each request that brings none; the same start gives the same ones.
  job.seed = common.seed ? *common.seed : RandomStream(defaults_.seed, "server.seed", requests_).next_u64();
  job.top_logprobs = common.top_logprobs;
  job.bias = common.bias;
  job.client = client;
  if (common.form) {
    job.constraint = constraint_of(*common.form, conversation);
  }
  return job;
}

std::vector<JobRequest> GenerationApi::copies(const std::vector<JobRequest>& jobs, std::size_t n) const {
  std::vector<JobRequest> all;
  for (const JobRequest& job : jobs) {
    for (std::size_t sample = 0; sample < n; ++sample) {
      all.push_back(job);
      all.back().sample = sample;
    }
  }
  return all;
}

void GenerationApi::complete(const std::string& body, const std::string& client,
                             std::shared_ptr<HttpReply> reply, Report report) {
  ++requests_;
  const CompletionRequest request = read_completion_request(body, model_.model->vocabulary());
  check_model(request.common.model);
  const bool scored = request.common.top_logprobs >= 0;
  std::vector<JobRequest> jobs;
  std::vector<std::string> echoed;
  for (const Prompt& prompt : request.prompts) {
    jobs.push_back(
        job_of(request.common, completion_tokens(model_, prompt, request.parse_specials), false, client));
    jobs.back().prompt_logprobs = request.echo && scored;
    const auto* text = std::get_if<std::string>(&prompt);
    const std::string shown = text != nullptr ? *text : model_.tokenizer->decode(jobs.back().prompt);
    echoed.insert(echoed.end(), request.common.n, request.echo ? shown : std::string());
  }
  auto format = make_completion_format(head("cmpl-"), model_.tokenizer, scored, std::move(echoed));
  const auto call =
      std::make_shared<GenerationCall>(std::move(reply), std::move(format), request.common.stream,
                                       request.common.include_usage, std::move(report));
  call->start(scheduler_, copies(jobs, request.common.n));
}

void GenerationApi::chat(const std::string& body, const std::string& client, std::shared_ptr<HttpReply> reply,
                         Report report) {
  ++requests_;
  ChatRequest request = read_chat_request(body, model_.model->vocabulary());
  check_model(request.common.model);
  ToolCallReading reading;
  reading.possible = request.tool_choice != ToolChoice::kNone;
  reading.required = request.tool_choice == ToolChoice::kRequired;
  if (reading.possible) {
    for (const auto& tool : request.tools) {
      reading.names.push_back(tool["function"]["name"].get<std::string>());
    }
  }
  if (reading.required) {
    request.common.form = OutputForm{OutputForm::Kind::kSchema, tool_call_schema(request.tools), ""};
  }
  const JobRequest job = job_of(
      request.common, chat_tokens(model_, request.messages, request.tools, reading.required), true, client);
  auto format = make_chat_format(head("chatcmpl-"), model_.tokenizer, request.common.top_logprobs >= 0,
                                 std::move(reading));
  const auto call =
      std::make_shared<GenerationCall>(std::move(reply), std::move(format), request.common.stream,
                                       request.common.include_usage, std::move(report));
  call->start(scheduler_, copies({job}, request.common.n));
}

HttpResponse GenerationApi::tokenize(const std::string& body) const {
  const TokenizeRequest request = read_tokenize_request(body);
  check_model(request.model);
  const std::vector<TokenId> tokens =
      request.messages.is_null()
          ? model_.tokenizer->encode_ids(request.text, {.parse_specials = request.parse_specials,
                                                        .add_specials = request.add_specials})
          : chat_tokens(model_, request.messages, nullptr, false);
  return {.body = json_to_text({{"tokens", tokens}, {"count", tokens.size()}})};
}

}  // namespace everform::server
