#include "everform/domains/language/task_evaluation.h"

#include <algorithm>
#include <map>

#include "everform/core/base/interrupt.h"
#include "everform/core/decoding/continuation_score.h"
#include "everform/core/decoding/generation.h"
#include "everform/domains/language/answer_match.h"
#include "everform/domains/language/prompt.h"

namespace everform {
namespace {

/// What the items of one task gave so far.
struct Tally {
  std::vector<bool> correct;
  std::vector<double> f1;
};

TaskResult summarise(const std::string& name, const Tally& tally, std::uint64_t seed) {
  TaskResult result{.name = name, .items = tally.correct.size(), .correct = tally.correct};
  const auto right = static_cast<std::size_t>(std::count(tally.correct.begin(), tally.correct.end(), true));
  result.accuracy = static_cast<double>(right) / static_cast<double>(result.items);
  result.interval = wilson_interval(right, result.items);
  if (!tally.f1.empty()) {
    result.f1 = mean(tally.f1);
    result.f1_interval = bootstrap_interval(tally.f1, seed);
  }
  return result;
}

}  // namespace

std::vector<ChoiceScore> score_choices(const StepModel& model, const Tokenizer& tokenizer,
                                       const std::string& prompt, const TaskItem& item, bool unconditional) {
  const auto score = [&](const std::string& context) {
    std::vector<std::string> continuations;
    for (const std::string& choice : item.choices) {
      continuations.push_back(join_continuation(context, choice));
    }
    return score_continuations(model, tokenizer, context, continuations);
  };
  std::vector<ChoiceScore> scores;
  for (const ContinuationScore& given : score(prompt)) {
    scores.push_back({given.log_likelihood, given.tokens, given.bytes});
  }
  if (unconditional) {
    const std::vector<ContinuationScore> alone = score(kNeutralContext);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i].unconditional = alone[i].log_likelihood;
    }
  }
  return scores;
}

std::size_t answer_choice(const StepModel& model, const Tokenizer& tokenizer, const std::string& prompt,
                          const TaskItem& item, ChoiceNormalisation normalisation) {
  const bool unconditional = normalisation == ChoiceNormalisation::kUnconditional;
  return pick_choice(score_choices(model, tokenizer, prompt, item, unconditional), normalisation);
}

std::string write_answer(const StepModel& model, const Tokenizer& tokenizer, const std::string& prompt,
                         std::size_t max_tokens) {
  GenerationRequest request;
  request.prompt = tokenizer.encode_ids(prompt);
  request.sampling.temperature = 0.0;
  request.max_tokens = max_tokens;
  if (const auto end = tokenizer.eos()) {
    request.end_tokens.push_back(*end);
  }
  const std::string text = generate(model, tokenizer, request).text;
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const std::string line = text.substr(begin, text.find('\n', begin) - begin);
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

std::vector<TaskResult> evaluate_tasks(const StepModel& model, const Tokenizer& tokenizer,
                                       const std::vector<TaskItem>& items, const TaskOptions& options) {
  std::vector<std::string> names;
  std::map<std::string, Tally> tallies;
  for (std::size_t i = 0; i < items.size(); ++i) {
    throw_if_interrupted("evaluating tasks");
    const TaskItem& item = items[i];
    const std::string prompt = build_prompt(items, i, choose_shots(items, i, options.shots, options.seed));
    if (!tallies.contains(item.task)) {
      names.push_back(item.task);
    }
    Tally& tally = tallies[item.task];
    if (item.has_choices()) {
      tally.correct.push_back(answer_choice(model, tokenizer, prompt, item, options.normalisation) ==
                              item.gold);
    } else {
      const std::string answer = write_answer(model, tokenizer, prompt, options.max_tokens);
      tally.correct.push_back(exact_match(answer, item.answers));
      tally.f1.push_back(answer_f1(answer, item.answers));
    }
    if (options.progress) {
      options.progress(i + 1);
    }
  }
  std::vector<TaskResult> results;
  for (const std::string& name : names) {
    results.push_back(summarise(name, tallies.at(name), options.seed));
  }
  return results;
}

std::vector<TaskResult> compare_normalisations(const StepModel& model, const Tokenizer& tokenizer,
                                               const std::vector<TaskItem>& items,
                                               const TaskOptions& options) {
  const std::vector<std::string> names = normalisation_names();
  std::vector<Tally> tallies(names.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    throw_if_interrupted("comparing normalisations");
    const std::string prompt = build_prompt(items, i, choose_shots(items, i, options.shots, options.seed));
    const std::vector<ChoiceScore> scores = score_choices(model, tokenizer, prompt, items[i], true);
    for (std::size_t n = 0; n < names.size(); ++n) {
      tallies[n].correct.push_back(pick_choice(scores, normalisation_from_name(names[n])) == items[i].gold);
    }
    if (options.progress) {
      options.progress(i + 1);
    }
  }
  std::vector<TaskResult> results;
  for (std::size_t n = 0; n < names.size(); ++n) {
    results.push_back(summarise(names[n], tallies[n], options.seed));
  }
  return results;
}

}  // namespace everform
