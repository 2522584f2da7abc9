// The evaluation of a decoder as the command line asks for it: perplexity of a text, accuracy on tasks, each
// with its protocol said.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/language_model.h"
#include "everform/domains/language/task.h"
#include "everform/domains/language/task_evaluation.h"

namespace everform {

/// A text to score. The protocol: encoded without specials; windows of `window` tokens begin every `stride`;
/// each token is scored once, in the first window that holds it; the text's first token is not scored; bits
/// per byte are over all bytes of the text.
struct PerplexityRequest {
  std::string text;
  std::optional<std::size_t> window;  ///< default: 1024, or the model's context where that is shorter
  std::optional<std::size_t> stride;  ///< default: half the window
};

struct PerplexityResult {
  double nll = 0.0;        ///< sum over the scored tokens, natural logarithm
  std::size_t tokens = 0;  ///< scored ones
  std::size_t bytes = 0;
  std::size_t window = 0;
  std::size_t stride = 0;

  double nll_per_token() const { return nll / static_cast<double>(tokens); }
  double perplexity() const;
  double bits_per_byte() const;
};

/// Throws Error{kBadInput} for a text of fewer than two tokens, Error{kUsage} for a window or stride that
/// does not fit.
PerplexityResult measure_perplexity(const StepModel& model, const Tokenizer& tokenizer,
                                    const PerplexityRequest& request);

/// What is asked for; at least one of the two.
struct EvaluationRequest {
  std::optional<PerplexityRequest> perplexity;
  std::vector<TaskItem> items;
  TaskOptions tasks;
};

/// --perplexity, --window, --stride, --tasks, --shots, --normalisation, --max-tokens.
std::vector<OptionSpec> evaluation_options();

/// Reads and checks options and files before any model is loaded. Throws Error{kUsage} where nothing is asked
/// for, an option lacks the one it belongs to, or is out of range.
EvaluationRequest read_evaluation(const nlohmann::json& options, std::uint64_t seed);

/// {"nll_per_token","tokens","bits_per_byte","perplexity","bytes","protocol"} and
/// {"tasks":[{"name","accuracy","items","interval"}]}.
ActionResult evaluate(const LanguageModel& model, const EvaluationRequest& request);

/// Writes an evaluation's JSON to a file; does nothing for an empty name.
void write_evaluation(const nlohmann::json& evaluation, const std::string& file);

}  // namespace everform
