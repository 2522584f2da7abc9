// The verb `evaluate` of a learner, and its curves in a report.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "everform/core/io/report.h"
#include "everform/core/recipes/action_request.h"
#include "everform/domains/functions/accuracy_curve.h"

namespace everform::functions {

/// What a training watches: {"accuracy": over all indices, "last_quarter"}.
std::map<std::string, double> figures_of(const AccuracyCurve& curve);

/// --baselines, --sequences, --plot, and --llm, --plain for a language model in the learner's place.
std::vector<OptionSpec> curve_options();

/// --sequences of the recipe's task, as evaluations draw them. @param otherwise how many without the option.
/// Throws Error{kUsage} for fewer than 1 or more than a million.
std::vector<LabelledSequence> requested_sequences(const ActionRequest& request, const Recipe& recipe,
                                                  std::int64_t otherwise);

/// A learner's curve over some sequences.
using CurveOf = std::function<AccuracyCurve(std::span<const LabelledSequence>)>;
/// The learner's curve beside those of --baselines, as CSV into --out and as SVG into --plot.
/// @param otherwise how many sequences without --sequences -> {"task","sequences","curves"}
ActionResult evaluate_learner(const ActionRequest& request, const Recipe& recipe, std::int64_t otherwise,
                              const CurveOf& learner);
/// The same for the language model that --llm names. Errors as language_model_curve.
ActionResult evaluate_language_model(const ActionRequest& request);

/// Writes FILE.svg and FILE.csv into the report's folder and puts the picture into the report.
void add_curves(Report& report, const std::filesystem::path& folder, const std::string& file,
                const std::string& title, std::span<const AccuracyCurve> curves);

}  // namespace everform::functions
