#include "everform/workbench/evaluation/reproduction.h"

#include <algorithm>

#include "everform/core/base/log.h"
#include "everform/core/io/loss_curve.h"

namespace everform {

Reproduction::Reproduction(const ActionRequest& request)
    : request_(request),
      report_(request.card->name, request.card->title, request.common.seed, request.quick),
      folder_(report_folder(request)) {}

Recipe Reproduction::recipe(std::int64_t quick_steps) const {
  Recipe recipe = request_.recipe;
  if (request_.quick) {
    recipe.set("training.steps", std::min(quick_steps, recipe.integer("training.steps")));
  }
  return recipe;
}

Recipe Reproduction::preset(const std::string& name) const {
  return resolve_recipe({.system = request_.card->name,
                         .schema = &request_.card->schema,
                         .built_in = request_.card->recipe,
                         .preset = name});
}

void Reproduction::check(const std::string& id, const std::string& claim, const CheckCount& count) {
  report_.check(id, claim, count.passed, count.run);
  for (const std::string& failed : count.failed) {
    log_warning(claim + ": failed for " + failed);
  }
}

void Reproduction::count(const std::string& id, const std::string& claim, std::int64_t figure,
                         std::int64_t bar) {
  report_.claim({.id = id,
                 .claim = claim,
                 .figure = static_cast<double>(figure),
                 .relation = "==",
                 .bar = static_cast<double>(bar)});
}

TrainingResult Reproduction::train(TrainingJob& job, const std::string& run) {
  return everform::train(job, folder_ / run, /*resume=*/false);
}

void Reproduction::show_loss(const std::string& run, const std::string& title, const std::string& caption) {
  write_loss_curve(folder_ / run / "metrics.jsonl", folder_ / "loss.svg", title);
  report_.picture("loss.svg", caption);
}

}  // namespace everform
