// The endpoints that write text: from a request's body to jobs of the scheduler.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "everform/core/server/generation_call.h"
#include "everform/core/server/openai_requests.h"
#include "everform/core/server/scheduler.h"
#include "everform/core/server/served_model.h"

namespace everform::server {

struct GenerationDefaults {
  std::string model_name;
  std::size_t chat_tokens = 2048;  ///< of an answer whose request does not say, where the context holds them
  std::size_t completion_tokens = 16;  ///< OpenAI's
  std::uint64_t seed = 0;              ///< seeds of requests that bring none follow from it
};

/// All functions are called on one thread, the one that prepares requests.
class GenerationApi {
 public:
  using Report = std::function<void(const CallReport&)>;

  GenerationApi(ServedModel model, const GenerationDefaults& defaults, SchedulerOptions options);

  /// Throw ApiError; otherwise the reply is answered sooner or later.
  void complete(const std::string& body, const std::string& client, std::shared_ptr<HttpReply> reply,
                Report report);
  void chat(const std::string& body, const std::string& client, std::shared_ptr<HttpReply> reply,
            Report report);
  /// {"tokens","count"}
  HttpResponse tokenize(const std::string& body) const;

  Scheduler& scheduler() { return scheduler_; }
  const ServedModel& model() const { return model_; }

 private:
  JobRequest job_of(const GenerationFields& common, std::vector<TokenId> prompt, bool conversation,
                    const std::string& client);
  std::shared_ptr<const Constraint> constraint_of(const OutputForm& form, bool conversation);
  /// n jobs of each prompt, which differ in their sample alone.
  std::vector<JobRequest> copies(const std::vector<JobRequest>& jobs, std::size_t n) const;
  void check_model(const std::string& name) const;
  AnswerHead head(const char* prefix);

  ServedModel model_;
  GenerationDefaults defaults_;
  Scheduler scheduler_;
  std::uint64_t requests_ = 0;
  /// Compiled forms, the latest used first.
  std::list<std::pair<std::string, std::shared_ptr<const Constraint>>> forms_;
};

}  // namespace everform::server
