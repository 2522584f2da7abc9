#include "everform/domains/language/decode_benchmark.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/kernels/machine_roof.h"
#include "everform/core/decoding/window_nll.h"

namespace everform {
namespace {

// Lewis Carroll, Alice's Adventures in Wonderland (1865), the beginning.
constexpr const char* kFixedText =
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to "
    "do: once or "
    "twice she had peeped into the book her sister was reading, but it had no pictures or conversations in "
    "it, \"and "
    "what is the use of a book,\" thought Alice, \"without pictures or conversations?\" So she was "
    "considering in her "
    "own mind (as well as she could, for the hot day made her feel very sleepy and stupid), whether the "
    "pleasure of "
    "making a daisy-chain would be worth the trouble of getting up and picking the daisies, when suddenly a "
    "White "
    "Rabbit with pink eyes ran close by her. There was nothing so very remarkable in that; nor did Alice "
    "think it so "
    "very much out of the way to hear the Rabbit say to itself, \"Oh dear! Oh dear! I shall be late!\" (when "
    "she "
    "thought it over afterwards, it occurred to her that she ought to have wondered at this, but at the time "
    "it all "
    "seemed quite natural); but when the Rabbit actually took a watch out of its waistcoat-pocket, and "
    "looked at it, "
    "and then hurried on, Alice started to her feet, for it flashed across her mind that she had never "
    "before seen a "
    "rabbit with either a waistcoat-pocket, or a watch to take out of it, and burning with curiosity, she "
    "ran across "
    "the field after it, and fortunately was just in time to see it pop down a large rabbit-hole under the "
    "hedge.";

struct Roof {
  double bytes_per_second = 0;
  MultiplyPeaks macs_per_second;

  void measure(int threads) {
    ThreadTeam team(threads);
    bytes_per_second = std::max(bytes_per_second, measure_read_bandwidth(team));
    const MultiplyPeaks peaks = measure_multiply_peaks(team);
    macs_per_second.float32 = std::max(macs_per_second.float32, peaks.float32);
    macs_per_second.bfloat16 = std::max(macs_per_second.bfloat16, peaks.bfloat16);
    macs_per_second.int8 = std::max(macs_per_second.int8, peaks.int8);
  }
};

/// Forgets the process's peak so far, where the system can.
void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

/// The largest resident size of the process, 0 where the system does not say.
std::size_t peak_memory() {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && file >> kilobytes) {
      return kilobytes * 1024;
    }
  }
  return 0;
}

struct Test {
  std::string name;
  std::size_t tokens;
  bool prompt;
  std::vector<double> speeds;

  double median() const {
    std::vector<double> sorted = speeds;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
};

double run_once(const StepModel& model, const Test& test, const std::vector<TokenId>& tokens) {
  const auto state = model.new_sequence();
  std::vector<float> logits(model.vocabulary());
  const auto begin = std::chrono::steady_clock::now();
  if (test.prompt) {
    model.prefill(*state, std::span(tokens).first(test.tokens), logits);
  } else {
    SequenceState* const states[] = {state.get()};
    for (std::size_t i = 0; i < test.tokens; ++i) {
      model.step(states, {tokens.data() + i, 1}, logits);
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(test.tokens) / seconds.count();
}

/// Bytes and multiply-adds of one token of a test, attention's included.
struct TokenCost {
  double bytes = 0;
  double macs = 0;
};

TokenCost token_cost(const FastModel& model, const Test& test) {
  const TransformerConfig& config = model.config();
  const auto tokens = static_cast<double>(test.tokens);
  const double seen = (tokens + 1) / 2;
  const double attention = 2.0 * static_cast<double>(config.depth * config.heads * config.head_width) * seen;
  const double passes =
      test.prompt ? std::max(1.0, tokens / static_cast<double>(model.options().batch_rows)) : tokens;
  const double heads = test.prompt ? 1.0 : tokens;
  const PackedWeights& weights = model.weights();
  return {.bytes = static_cast<double>(weights.bytes_per_step()) * passes / tokens +
                   static_cast<double>(model.cache_bytes_per_token()) * (test.prompt ? 1.0 : seen),
          .macs = static_cast<double>(weights.block_macs()) + attention +
                  static_cast<double>(weights.head_macs()) * heads / tokens};
}

/// The peak of the products that most of the model is.
double peak_of(const FastModel& model, const Roof& roof) {
  const PackedBlock& block = model.weights().blocks.front();
  const bool reference = model.options().activations == ActivationPrecision::kFloat32;
  switch (reference ? ActivationPrecision::kFloat32 : block.up.matrix->fast_precision()) {
    case ActivationPrecision::kInt8:
      return roof.macs_per_second.int8;
    case ActivationPrecision::kBFloat16:
      return roof.macs_per_second.bfloat16;
    default:
      return roof.macs_per_second.float32;
  }
}

nlohmann::json fixed_text_nll(const LanguageModel& language) {
  std::vector<TokenId> tokens = language.tokenizer->encode_ids(kFixedText, {.add_specials = false});
  tokens.resize(std::min(tokens.size(), language.model->context()));
  if (tokens.size() < 2) {
    return nullptr;
  }
  return score_windows(*language.model, tokens, tokens.size(), tokens.size()).per_token();
}

nlohmann::json share(double used, double roof) {
  return roof > 0 ? nlohmann::json(used / roof) : nlohmann::json();
}

nlohmann::json row_of(const Test& test, const LanguageModel& language, const Roof& roof, std::size_t peak,
                      const nlohmann::json& nll) {
  nlohmann::json row = {{"name", test.name},          {"tokens_per_second", test.speeds},
                        {"median", test.median()},    {"peak_memory_bytes", peak},
                        {"bandwidth_share", nullptr}, {"compute_share", nullptr},
                        {"nll_per_token", nll}};
  if (const auto* fast = dynamic_cast<const FastModel*>(language.model.get())) {
    const TokenCost cost = token_cost(*fast, test);
    row["bandwidth_share"] = share(cost.bytes * test.median(), roof.bytes_per_second);
    row["compute_share"] = share(cost.macs * test.median(), peak_of(*fast, roof));
  }
  return row;
}

std::string percent(const nlohmann::json& value) {
  char text[32] = "-";
  if (value.is_number()) {
    std::snprintf(text, sizeof text, "%.0f %%", 100.0 * value.get<double>());
  }
  return text;
}

std::string table_of(const nlohmann::json& answer) {
  std::string text = "test        tokens/s (median, best)   bandwidth   compute   peak memory   NLL\n";
  char line[200];
  for (const nlohmann::json& row : answer.at("tests")) {
    const auto speeds = row.at("tokens_per_second").get<std::vector<double>>();
    const nlohmann::json& nll = row.at("nll_per_token");
    std::snprintf(line, sizeof line, "%-10s  %12.1f %10.1f  %10s  %8s  %8.1f MB   %s\n",
                  row.at("name").get<std::string>().c_str(), row.at("median").get<double>(),
                  *std::max_element(speeds.begin(), speeds.end()), percent(row.at("bandwidth_share")).c_str(),
                  percent(row.at("compute_share")).c_str(),
                  static_cast<double>(row.at("peak_memory_bytes").get<std::size_t>()) / 1e6,
                  nll.is_number() ? std::to_string(nll.get<double>()).c_str() : "-");
    text += line;
  }
  const nlohmann::json& roof = answer.at("roof");
  std::snprintf(line, sizeof line,
                "roof on %d threads: %.1f GB/s read; multiply-adds %.0f G/s int8, %.0f bf16, %.0f f32\n",
                roof.at("threads").get<int>(), roof.at("bytes_per_second").get<double>() / 1e9,
                roof.at("int8_macs_per_second").get<double>() / 1e9,
                roof.at("bfloat16_macs_per_second").get<double>() / 1e9,
                roof.at("float32_macs_per_second").get<double>() / 1e9);
  return text + line + answer.at("numbers").get<std::string>() + "\n";
}

}  // namespace

ActionResult benchmark_decoder(const std::filesystem::path& path, const DecodeBenchmark& request) {
  Roof roof;
  log_info("measuring the machine");
  roof.measure(request.threads);
  reset_peak_memory();
  LanguageModelOptions engine = request.engine;
  engine.fast.threads = request.threads;
  const LanguageModel language = load_language_model(path, engine);
  const StepModel& model = *language.model;

  std::vector<Test> tests;
  const auto add = [&](const char* kind, std::size_t count, bool prompt) {
    if (count > 0) {
      tests.push_back({kind + std::to_string(count), count, prompt, {}});
    }
  };
  add("pp", request.prompt, true);
  add("tg", request.generated, false);
  std::vector<TokenId> tokens(std::max(request.prompt, request.generated));
  RandomStream random(0, "benchmark");
  for (TokenId& token : tokens) {
    token = static_cast<TokenId>(random.below(model.vocabulary()));
  }
  for (const Test& test : tests) {
    run_once(model, test, tokens);
  }
  for (std::size_t i = 0; i < request.repeat; ++i) {
    for (Test& test : tests) {
      throw_if_interrupted("measuring the model");
      test.speeds.push_back(run_once(model, test, tokens));
    }
  }
  const std::size_t peak = peak_memory();
  const nlohmann::json nll = fixed_text_nll(language);
  roof.measure(request.threads);

  ActionResult result;
  result.json["tests"] = nlohmann::json::array();
  for (const Test& test : tests) {
    result.json["tests"].push_back(row_of(test, language, roof, peak, nll));
  }
  result.json["roof"] = {{"threads", request.threads},
                         {"bytes_per_second", roof.bytes_per_second},
                         {"int8_macs_per_second", roof.macs_per_second.int8},
                         {"bfloat16_macs_per_second", roof.macs_per_second.bfloat16},
                         {"float32_macs_per_second", roof.macs_per_second.float32}};
  result.json["numbers"] = language.numbers;
  result.text = table_of(result.json);
  return result;
}

}  // namespace everform
