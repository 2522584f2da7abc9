// Decoders side by side: what each one needs, and what each one can do.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/evaluation.h"

namespace everform {

/// What a row of the table is computed from.
struct AnalysisRequest {
  /// Bundled models, files, folders, or names of published decoders (these have a configuration, but no
  /// weights).
  std::vector<std::string> models;
  std::optional<std::int64_t>
      context;  ///< tokens that cache and arithmetic are counted for; default: each model's own context
  std::int64_t lora_rank = 8;
  std::string table;  ///< Markdown file to write; "" for none
  /// Load the weights: tokens per second, and what `quality` asks for.
  bool weights = true;
  std::optional<EvaluationRequest> quality;
};

/// --context, --lora-rank, --table, --no-weights, and those of evaluation_options().
std::vector<OptionSpec> analysis_options();

/// Checks options and reads files before any model is opened. Throws Error{kUsage} for no model or an option
/// out of range.
AnalysisRequest read_analysis(std::vector<std::string> models, const nlohmann::json& options,
                              std::uint64_t seed);

/// {"models":[{"name","architecture","type","parameters","layers","width","context","kv_bytes_per_token","kv_bytes","flops_per_token",
/// "bytes":{format: bytes},"file_bytes","tuning_bytes":{"full","lora","lora_parameters"},
/// "prefill_tokens_per_second", "decode_tokens_per_second","perplexity","bits_per_byte","tasks"}]}; what was
/// not measured is null.
ActionResult analyse_decoders(const AnalysisRequest& request);

}  // namespace everform
