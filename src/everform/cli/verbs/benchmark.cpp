// everform benchmark: how fast parts of a model run on this machine.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/text/tokenizer.h"

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

ActionResult run_benchmark(const Invocation& invocation) {
  if (!invocation.has("tokenizer")) {
    throw Error(ErrorKind::kUsage, "everform benchmark", "nothing to measure", "give --tokenizer FILE");
  }
  return measure_tokenizer(invocation);
}

}  // namespace

Verb make_benchmark_verb() {
  return {.name = "benchmark",
          .help = "measures how fast a model's parts run here",
          .example = "everform benchmark smollm2-135m-instruct --tokenizer book.txt --json",
          .target = Verb::Target::kRequired,
          .target_help = "a bundled model, a model or vocabulary file, or a folder with one",
          .options = {{.name = "tokenizer",
                       .type = OptionSpec::Type::kPath,
                       .value_name = "FILE",
                       .help = "measures encoding this text"},
                      {.name = "repeat",
                       .type = OptionSpec::Type::kInteger,
                       .value_name = "R",
                       .help = "how often each test runs",
                       .default_value = 5}},
          .run = run_benchmark,
          .dispatches_systems = false,
          .uses_threads = false};
}

}  // namespace everform
