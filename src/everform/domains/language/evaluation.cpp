#include "everform/domains/language/evaluation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/decoding/window_nll.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/report.h"
#include "everform/domains/language/corpus.h"

namespace everform {
namespace {

constexpr std::size_t kUsualWindow = 1024;

/// Options of one program read from the JSON in which the command line hands them over.
class OptionReader {
 public:
  explicit OptionReader(const nlohmann::json& options) : options_(options) {}

  bool has(const char* name) const { return options_.contains(name) && !options_.at(name).is_null(); }
  std::string text(const char* name) const { return options_.at(name).get<std::string>(); }

  std::optional<std::size_t> count(const char* name, std::int64_t least, std::int64_t most) const {
    if (!has(name)) {
      return std::nullopt;
    }
    const auto value = options_.at(name).get<std::int64_t>();
    if (value < least || value > most) {
      throw Error(
          ErrorKind::kUsage, std::string("reading --") + name,
          std::to_string(value) + " is not in " + std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<std::size_t>(value);
  }

  void needs(const char* name, const char* other) const {
    if (has(name) && !has(other)) {
      throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                  std::string("it belongs to --") + other + ", which is not given");
    }
  }

 private:
  const nlohmann::json& options_;
};

std::string perplexity_protocol(const LanguageModel& model, const PerplexityResult& result) {
  return model.numbers + "; no special tokens; windows of " + std::to_string(result.window) +
         " tokens every " + std::to_string(result.stride) +
         ", each token scored once, in the first window that holds it; the text's first token is not scored; "
         "bits per byte over all " +
         std::to_string(result.bytes) + " bytes of the text";
}

std::string task_protocol(const TaskOptions& options) {
  return "choices by log-likelihood, normalisation " +
         std::string(normalisation_name(options.normalisation)) + ", " + std::to_string(options.shots) +
         " shots drawn from the other items with seed " + std::to_string(options.seed) +
         "; written answers greedy, first line, at most " + std::to_string(options.max_tokens) +
         " tokens, exact match after SQuAD's normalisation; 95 % intervals: Wilson's for shares, bootstrap "
         "for F1";
}

void add_perplexity(const LanguageModel& model, const PerplexityRequest& request, ActionResult& answer) {
  const PerplexityResult result = measure_perplexity(*model.model, *model.tokenizer, request);
  answer.json["nll_per_token"] = result.nll_per_token();
  answer.json["tokens"] = result.tokens;
  answer.json["bits_per_byte"] = result.bits_per_byte();
  answer.json["perplexity"] = result.perplexity();
  answer.json["bytes"] = result.bytes;
  answer.json["protocol"] = perplexity_protocol(model, result);
  answer.text += "perplexity     " + format_figure(result.perplexity()) + "\nbits per byte  " +
                 format_figure(result.bits_per_byte()) + "\nNLL per token  " +
                 format_figure(result.nll_per_token()) + "\ntokens scored  " + std::to_string(result.tokens) +
                 "\nprotocol: " + perplexity_protocol(model, result) + "\n";
}

void add_tasks(const LanguageModel& model, const EvaluationRequest& request, ActionResult& answer) {
  Progress progress("evaluating tasks", static_cast<std::int64_t>(request.items.size()));
  TaskOptions options = request.tasks;
  options.progress = [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); };
  answer.json["tasks"] = nlohmann::json::array();
  for (const TaskResult& result : evaluate_tasks(*model.model, *model.tokenizer, request.items, options)) {
    nlohmann::json entry = {{"name", result.name},
                            {"accuracy", result.accuracy},
                            {"items", result.items},
                            {"interval", {result.interval.low, result.interval.high}}};
    std::string line = result.name + ": accuracy " + format_figure(result.accuracy) + " [" +
                       format_figure(result.interval.low) + ", " + format_figure(result.interval.high) + "]";
    if (result.f1) {
      entry["exact_match"] = result.accuracy;
      entry["f1"] = *result.f1;
      entry["f1_interval"] = {result.f1_interval.low, result.f1_interval.high};
      line += ", F1 " + format_figure(*result.f1);
    }
    answer.json["tasks"].push_back(std::move(entry));
    answer.text += line + " on " + std::to_string(result.items) + " items\n";
  }
  progress.finish();
  answer.json["task_protocol"] = task_protocol(request.tasks);
  answer.text += "protocol: " + task_protocol(request.tasks) + "\n";
}

}  // namespace

double PerplexityResult::perplexity() const {
  return std::exp(nll_per_token());
}

double PerplexityResult::bits_per_byte() const {
  return nll / std::numbers::ln2 / static_cast<double>(bytes);
}

PerplexityResult measure_perplexity(const StepModel& model, const Tokenizer& tokenizer,
                                    const PerplexityRequest& request) {
  const std::vector<TokenId> tokens = tokenizer.encode_ids(request.text, {.add_specials = false});
  PerplexityResult result;
  result.bytes = request.text.size();
  result.window = request.window.value_or(std::min(kUsualWindow, model.context()));
  result.stride = request.stride.value_or(std::max<std::size_t>(result.window / 2, 1));
  Progress progress("scoring the text", static_cast<std::int64_t>(tokens.size()));
  const WindowNll scored = score_windows(model, tokens, result.window, result.stride, [&](std::size_t done) {
    progress.update(static_cast<std::int64_t>(done));
  });
  progress.finish();
  result.nll = scored.nll;
  result.tokens = scored.tokens;
  return result;
}

std::vector<OptionSpec> evaluation_options() {
  using Type = OptionSpec::Type;
  return {
      {.name = "perplexity",
       .type = Type::kPath,
       .value_name = "FILE",
       .help = "text to score (plain or .gz)"},
      {.name = "window",
       .type = Type::kInteger,
       .value_name = "W",
       .help = "tokens in a window (default: 1024, at most the context)"},
      {.name = "stride",
       .type = Type::kInteger,
       .value_name = "S",
       .help = "tokens from window to window (default: half a window)"},
      {.name = "tasks",
       .type = Type::kPath,
       .value_name = "FILE.jsonl",
       .help = "tasks to solve: context, choices and gold, or answers"},
      {.name = "shots",
       .type = Type::kInteger,
       .value_name = "K",
       .help = "solved examples before each question (default: 0)"},
      {.name = "normalisation",
       .type = Type::kText,
       .value_name = "HOW",
       .help = "how choices of different length compare (default: byte)",
       .choices = normalisation_names()},
      {.name = "max-tokens",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "longest written answer (default: 32)"},
  };
}

EvaluationRequest read_evaluation(const nlohmann::json& options, std::uint64_t seed) {
  const OptionReader reader(options);
  if (!reader.has("perplexity") && !reader.has("tasks")) {
    throw Error(ErrorKind::kUsage, "reading the options of evaluate",
                "neither --perplexity nor --tasks is given",
                "everform evaluate smollm2-135m-instruct --perplexity text.txt");
  }
  for (const char* name : {"window", "stride"}) {
    reader.needs(name, "perplexity");
  }
  for (const char* name : {"shots", "normalisation", "max-tokens"}) {
    reader.needs(name, "tasks");
  }
  constexpr std::int64_t kMany = 1'000'000'000;
  EvaluationRequest request;
  if (reader.has("perplexity")) {
    request.perplexity = PerplexityRequest{.window = reader.count("window", 2, kMany),
                                           .stride = reader.count("stride", 1, kMany)};
    request.perplexity->text = read_text(reader.text("perplexity"));
  }
  if (reader.has("tasks")) {
    request.tasks.seed = seed;
    request.tasks.shots = reader.count("shots", 0, 1000).value_or(0);
    request.tasks.max_tokens = reader.count("max-tokens", 1, 100'000).value_or(request.tasks.max_tokens);
    if (reader.has("normalisation")) {
      request.tasks.normalisation = normalisation_from_name(reader.text("normalisation"));
    }
    request.items = read_tasks(reader.text("tasks"));
  }
  return request;
}

ActionResult evaluate(const LanguageModel& model, const EvaluationRequest& request) {
  ActionResult answer{.json = nlohmann::json::object()};
  if (request.perplexity) {
    add_perplexity(model, *request.perplexity, answer);
  }
  if (!request.items.empty()) {
    add_tasks(model, request, answer);
  }
  return answer;
}

void write_evaluation(const nlohmann::json& evaluation, const std::string& file) {
  if (!file.empty()) {
    write_file(file, json_to_text(evaluation, 2) + "\n");
  }
}

}  // namespace everform
