#include "everform/domains/automata/rollout.h"

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"

namespace everform {

std::vector<std::vector<Grid>> roll_out(const std::vector<Grid>& starts, std::int64_t generations,
                                        const GridString& strings, const PromptCompleter& complete,
                                        BadAnswer on_bad_answer) {
  if (generations < 0) {
    throw Error(ErrorKind::kUsage, "rolling out", std::to_string(generations) + " generations",
                "ask for 0 or more");
  }
  std::vector<std::vector<Grid>> runs;
  std::vector<std::size_t> going;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    runs.push_back({starts[i]});
    going.push_back(i);
  }
  for (std::int64_t generation = 1; generation <= generations && !going.empty(); ++generation) {
    throw_if_interrupted("rolling out");
    std::vector<std::string> prompts;
    for (const std::size_t i : going) {
      prompts.push_back(strings.prompt(runs[i].back()));
    }
    const std::vector<std::string> answers = complete(prompts, generation);
    std::vector<std::size_t> still_going;
    for (std::size_t k = 0; k < going.size(); ++k) {
      std::vector<Grid>& run = runs[going[k]];
      try {
        run.push_back(answer_grid(answers.at(k), strings, run.back().width(), run.back().height()));
        still_going.push_back(going[k]);
      } catch (const Error&) {
        if (on_bad_answer == BadAnswer::kThrow) {
          throw;
        }
      }
    }
    going = std::move(still_going);
  }
  return runs;
}

}  // namespace everform
