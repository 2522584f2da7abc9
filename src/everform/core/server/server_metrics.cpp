#include "everform/core/server/server_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

namespace everform::server {
namespace {

using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                              1,     2.5,  5,     10,   30,  60};

}  // namespace

struct ServerMetrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("everform_requests_total")
                                                          .Help("Requests answered, by route and status.")
                                                          .Register(registry);
  Histogram& first_token = prometheus::BuildHistogram()
                               .Name("everform_time_to_first_token_seconds")
                               .Help("From a request's arrival to its first text.")
                               .Register(registry)
                               .Add({}, kSeconds);
  Histogram& call_time = prometheus::BuildHistogram()
                             .Name("everform_generation_seconds")
                             .Help("From a request's arrival to the end of its answer.")
                             .Register(registry)
                             .Add({}, kSeconds);
  // The scheduler counts by itself: its totals are brought up to date when they are asked for.
  std::mutex mutex;

  void gauge(const char* name, const char* help, double value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(value);
  }
  void total(const char* name, const char* help, std::uint64_t value) {
    prometheus::Counter& counter =
        prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
    counter.Increment(static_cast<double>(value) - counter.Value());
  }
};

ServerMetrics::ServerMetrics() : state_(std::make_unique<State>()) {}
ServerMetrics::~ServerMetrics() = default;

void ServerMetrics::count_request(const std::string& route, int status) {
  state_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
}

void ServerMetrics::count_call(const CallReport& report) {
  if (report.first_token_seconds >= 0) {
    state_->first_token.Observe(report.first_token_seconds);
  }
  if (report.status == 200) {
    state_->call_time.Observe(report.seconds);
  }
}

std::string ServerMetrics::text(const SchedulerCounts* scheduler, std::size_t connections) {
  const std::lock_guard lock(state_->mutex);
  State& s = *state_;
  s.gauge("everform_connections", "Open connections.", static_cast<double>(connections));
  if (scheduler != nullptr) {
    const SchedulerCounts& c = *scheduler;
    s.gauge("everform_sequences_running", "Sequences that hold a slot.", static_cast<double>(c.running));
    s.gauge("everform_sequences_waiting", "Sequences that wait for a slot.", static_cast<double>(c.waiting));
    s.gauge("everform_sequences_kept", "Finished sequences kept for their beginnings.",
            static_cast<double>(c.kept_sequences));
    s.gauge("everform_budget_bytes", "The budget of bytes.", static_cast<double>(c.budget_bytes));
    s.gauge("everform_reserved_bytes", "Bytes that running sequences hold.",
            static_cast<double>(c.reserved_bytes));
    s.gauge("everform_kept_bytes", "Bytes that kept sequences hold.", static_cast<double>(c.kept_bytes));
    s.total("everform_prompt_tokens_total", "Tokens of prompts read.", c.prompt_tokens);
    s.total("everform_reused_tokens_total", "Tokens of prompts that kept sequences had read already.",
            c.reused_tokens);
    s.total("everform_new_tokens_total", "Tokens written.", c.new_tokens);
    s.total("everform_steps_total", "Steps of the model.", c.steps);
    s.total("everform_sequences_finished_total", "Sequences written to their end.", c.finished);
    s.total("everform_sequences_cancelled_total", "Sequences whose client went.", c.cancelled);
    s.total("everform_sequences_failed_total", "Sequences that failed.", c.failed);
    s.total("everform_requests_refused_total", "Requests refused because the server was full.", c.refused);
  }
  return prometheus::TextSerializer().Serialize(s.registry.Collect());
}

}  // namespace everform::server
