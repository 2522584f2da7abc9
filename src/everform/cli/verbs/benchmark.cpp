// everform benchmark: how fast parts of a model run on this machine.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/threads.h"
#include "everform/core/text/tokenizer.h"
#include "everform/domains/language/decode_benchmark.h"
#include "everform/domains/language/engine_options.h"

namespace everform {

namespace {

// Encoding alone, on one thread. Each repetition takes a fresh tokenizer, so that none finds the words of the
// one before in its cache.
ActionResult measure_tokenizer(const Invocation& invocation) {
  const std::string file = invocation.text("tokenizer");
  const std::string text = read_file(file);
  const std::int64_t repeat = invocation.integer("repeat");
  if (text.empty() || repeat < 1) {
    throw Error(ErrorKind::kUsage, "everform benchmark",
                text.empty() ? file + " is empty" : "--repeat is below 1");
  }
  const std::filesystem::path model = resolve_model_path(invocation.target);
  nlohmann::json::array_t speeds;
  std::size_t tokens = 0;
  double best = 0.0;
  for (std::int64_t i = 0; i < repeat; ++i) {
    throw_if_interrupted("measuring the tokenizer");
    const auto tokenizer = load_tokenizer(model);
    const auto begin = std::chrono::steady_clock::now();
    tokens = tokenizer->encode_ids(text, {.add_specials = false}).size();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    speeds.push_back(static_cast<double>(text.size()) / seconds.count());
    best = std::max(best, speeds.back().get<double>());
  }
  char line[160];
  std::snprintf(line, sizeof line,
                "tokenizer: %.1f MB/s on one thread (best of %lld), %zu bytes, %zu tokens\n", best / 1e6,
                static_cast<long long>(repeat), text.size(), tokens);
  return {.json = {{"tests",
                    {{{"name", "tokenizer"},
                      {"bytes_per_second", std::move(speeds)},
                      {"bytes", text.size()},
                      {"tokens", tokens}}}}},
          .text = line};
}

std::size_t count_of(const Invocation& invocation, const char* name, std::int64_t least) {
  const std::int64_t value = invocation.integer(name);
  constexpr std::int64_t kMost = 1'000'000;
  if (value < least || value > kMost) {
    throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                "it is " + std::to_string(value) + ", but it must lie between " + std::to_string(least) +
                    " and " + std::to_string(kMost));
  }
  return static_cast<std::size_t>(value);
}

ActionResult measure_decoder(const Invocation& invocation) {
  DecodeBenchmark request;
  request.prompt = count_of(invocation, "prompt-tokens", 0);
  request.generated = count_of(invocation, "generated-tokens", 0);
  request.repeat = count_of(invocation, "repeat", 1);
  request.engine = read_engine(invocation.options);
  request.threads = default_pool().threads();
  if (request.prompt + request.generated == 0) {
    throw Error(ErrorKind::kUsage, "everform benchmark", "-p and -n are both 0: nothing to measure");
  }
  return benchmark_decoder(resolve_model_path(invocation.target), request);
}

ActionResult run_benchmark(const Invocation& invocation) {
  return invocation.has("tokenizer") ? measure_tokenizer(invocation) : measure_decoder(invocation);
}

std::vector<OptionSpec> benchmark_options() {
  using Type = OptionSpec::Type;
  std::vector<OptionSpec> options = {{.name = "prompt-tokens",
                                      .type = Type::kInteger,
                                      .value_name = "N",
                                      .help = "tokens read at once (0: not measured)",
                                      .default_value = 512,
                                      .short_name = "p"},
                                     {.name = "generated-tokens",
                                      .type = Type::kInteger,
                                      .value_name = "N",
                                      .help = "tokens written one by one (0: not measured)",
                                      .default_value = 128,
                                      .short_name = "n"},
                                     {.name = "repeat",
                                      .type = Type::kInteger,
                                      .value_name = "R",
                                      .help = "how often each test runs",
                                      .default_value = 5},
                                     {.name = "tokenizer",
                                      .type = Type::kPath,
                                      .value_name = "FILE",
                                      .help = "measures encoding this text, and nothing else"}};
  for (OptionSpec& option : engine_options()) {
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

Verb make_benchmark_verb() {
  return {.name = "benchmark",
          .help = "measures how fast a model reads and writes here, beside what the machine could do at best",
          .example = "everform benchmark smollm2-135m-instruct -p 512 -n 128 --repeat 5 --threads 1",
          .target = Verb::Target::kRequired,
          .target_help = "a bundled model, a model or vocabulary file, or a folder with one",
          .options = benchmark_options(),
          .run = run_benchmark,
          .dispatches_systems = false};
}

}  // namespace everform
