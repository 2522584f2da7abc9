#include "everform/domains/automata/step_scores.h"

#include "everform/core/base/error.h"

namespace everform {

CellScore score_completions(const HeldOutSteps& steps, const GridString& strings,
                            const PromptCompleter& complete) {
  std::vector<std::string> prompts;
  for (const Grid& now : steps.now) {
    prompts.push_back(strings.prompt(now));
  }
  const std::vector<std::string> answers = complete(prompts, 1);
  CellScore score;
  for (std::size_t i = 0; i < steps.next.size(); ++i) {
    score += score_answer(answer_cells(answers.at(i)), steps.next[i]);
  }
  return score;
}

CellScore score_all_dead(const HeldOutSteps& steps) {
  CellScore score;
  for (const Grid& next : steps.next) {
    score += score_grid(Grid(next.width(), next.height()), next);
  }
  return score;
}

CellScore score_copy(const HeldOutSteps& steps) {
  CellScore score;
  for (std::size_t i = 0; i < steps.next.size(); ++i) {
    score += score_grid(steps.now[i], steps.next[i]);
  }
  return score;
}

PromptCompleter rule_follower(const StepData& data, std::int64_t width, std::int64_t height,
                              std::int64_t flip_at) {
  return [=](const std::vector<std::string>& prompts, std::int64_t generation) {
    std::vector<std::string> answers;
    for (const std::string& prompt : prompts) {
      const std::size_t begin = GridString::kOpening.size();
      const std::string cells =
          prompt.substr(std::min(begin, prompt.size()), static_cast<std::size_t>(width * height));
      Grid next = data.next(grid_from_cells(cells, width, height, "following the rule"));
      if (generation == flip_at) {
        next.set(0, 0, !next.at(0, 0));
      }
      answers.push_back(" [" + data.strings.cells(next) + "]$");
    }
    return answers;
  };
}

}  // namespace everform
