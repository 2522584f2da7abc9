// How well a decoder solves tasks: multiple choice by log-likelihood, written answers by exact match and F1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/base/statistics.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/text/tokenizer.h"
#include "everform/domains/language/multiple_choice.h"
#include "everform/domains/language/task.h"

namespace everform {

struct TaskOptions {
  std::size_t shots = 0;
  ChoiceNormalisation normalisation = ChoiceNormalisation::kByte;
  std::uint64_t seed = 0;
  std::size_t max_tokens = 32;  ///< of a written answer
  /// Called with the number of items done; may be empty.
  std::function<void(std::size_t)> progress;
};

/// One task's figures.
struct TaskResult {
  std::string name;
  std::size_t items = 0;
  double accuracy = 0.0;      ///< share of right choices; for written answers, of exact matches
  Interval interval;          ///< of the accuracy, Wilson's
  std::optional<double> f1;   ///< of written answers
  Interval f1_interval;       ///< bootstrap
  std::vector<bool> correct;  ///< item by item
};

/// What the model says of every choice of an item after `prompt`. @param unconditional also score them after
/// kNeutralContext
std::vector<ChoiceScore> score_choices(const StepModel& model, const Tokenizer& tokenizer,
                                       const std::string& prompt, const TaskItem& item, bool unconditional);

/// The index that the model picks among the item's choices after `prompt`.
std::size_t answer_choice(const StepModel& model, const Tokenizer& tokenizer, const std::string& prompt,
                          const TaskItem& item, ChoiceNormalisation normalisation);

/// The greedy continuation up to the end of its first line that is not blank.
std::string write_answer(const StepModel& model, const Tokenizer& tokenizer, const std::string& prompt,
                         std::size_t max_tokens);

/// One result a task, in the order in which they first occur. A prompt that does not fit the model's context
/// throws Error{kUsage}.
std::vector<TaskResult> evaluate_tasks(const StepModel& model, const Tokenizer& tokenizer,
                                       const std::vector<TaskItem>& items, const TaskOptions& options);

/// One result for each normalisation, in the order of normalisation_names() and named by them, from one
/// scoring of all items. All items must have choices; options.shots and options.progress count.
std::vector<TaskResult> compare_normalisations(const StepModel& model, const Tokenizer& tokenizer,
                                               const std::vector<TaskItem>& items,
                                               const TaskOptions& options);

}  // namespace everform
