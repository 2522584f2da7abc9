// The verbs generate, evaluate and analyse of a text model that predicts steps, whatever the model is.
#pragma once

#include <functional>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/automata/rollout.h"
#include "everform/domains/automata/step_data.h"

namespace everform {

/// The model as it answers at a temperature.
using HeatedCompleter = std::function<PromptCompleter(double temperature)>;

/// --input, --pattern, --width, --temperature, --rollout, --count, --compare.
std::vector<OptionSpec> rollout_options();
/// Rolls the named start, or random ones, out and writes a file for each run: --out, SYSTEM.gif without it.
/// -> {"count","outputs","wrong_cells"}
ActionResult generate_rollouts(const ActionRequest& request, const StepData& data,
                               const HeatedCompleter& completer);

/// --temperature, --width, --order, --grids.
std::vector<OptionSpec> step_score_options();
/// Accuracy on held-out steps, a row for each temperature and order parameter, as CSV into --out. -> the JSON
/// of a score table
ActionResult evaluate_steps(const ActionRequest& request, const StepData& data,
                            const HeatedCompleter& completer);

/// --rollout, --starts, --order, --widths.
std::vector<OptionSpec> divergence_options();
/// How fast rollouts at temperature 0 leave the true orbit, as CSV and chart into --out, and accuracy by grid
/// size. -> the JSON of a score table, and "divergence"
ActionResult analyse_rollouts(const ActionRequest& request, const StepData& data,
                              const HeatedCompleter& completer);

}  // namespace everform
