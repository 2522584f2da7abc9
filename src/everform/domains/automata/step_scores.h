// How well a text model predicts steps, and what answers without any model would score.
#pragma once

#include "everform/domains/automata/accuracy.h"
#include "everform/domains/automata/rollout.h"
#include "everform/domains/automata/step_data.h"

namespace everform {

/// A model's answers to the prompts of all steps, scored as score_answer does.
CellScore score_completions(const HeldOutSteps& steps, const GridString& strings,
                            const PromptCompleter& complete);

/// The answer "all cells are dead", which is right wherever the next grid is empty enough.
CellScore score_all_dead(const HeldOutSteps& steps);
/// The answer "nothing changes".
CellScore score_copy(const HeldOutSteps& steps);

/// A stand-in for a model that knows the rule. @param flip_at the generation in which the first cell of each
/// answer is wrong; 0: never
PromptCompleter rule_follower(const StepData& data, std::int64_t width, std::int64_t height,
                              std::int64_t flip_at = 0);

}  // namespace everform
