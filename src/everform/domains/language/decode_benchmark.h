// How fast a decoder reads a prompt and writes, beside what the machine could do at best and how good the
// numbers are.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/language_model.h"

namespace everform {

struct DecodeBenchmark {
  std::size_t prompt = 512;     ///< tokens read at once ("pp512"); 0: not measured
  std::size_t generated = 128;  ///< tokens written one by one from an empty cache ("tg128"); 0: not measured
  std::size_t repeat = 5;
  int threads = 1;
  LanguageModelOptions engine;
};

/// Runs the tests of llama-bench's names, interleaved, after one unmeasured round. Tokens are random; the
/// time of drawing is not in it. Each test has "name", "tokens_per_second" [repeat], "peak_memory_bytes" (of
/// the process so far, without the probes of the roof), "nll_per_token" (on a fixed text with the model's own
/// tokenizer; null where it has none), and of the fast engine "bandwidth_share" and "compute_share": the
/// median's bytes and multiply-adds a second, of weights and cache, over the roof. "roof" is measured before
/// and after, the better of both.
ActionResult benchmark_decoder(const std::filesystem::path& path, const DecodeBenchmark& request);

}  // namespace everform
