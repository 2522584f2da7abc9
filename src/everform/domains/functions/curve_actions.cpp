#include "everform/domains/functions/curve_actions.h"

#include <algorithm>
#include <utility>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/functions/language_learner.h"
#include "everform/domains/functions/task_recipe.h"

namespace everform::functions {

std::map<std::string, double> figures_of(const AccuracyCurve& curve) {
  return {{"accuracy", curve.mean()}, {"last_quarter", curve.last_quarter()}};
}

std::vector<OptionSpec> curve_options() {
  using Type = OptionSpec::Type;
  return {{.name = "baselines",
           .value_name = "LIST",
           .help = "of null, nn1, nn3, averaging, elimination, gf2",
           .default_value = "null,nn1"},
          {.name = "sequences",
           .type = Type::kInteger,
           .value_name = "N",
           .help = "sequences to label (default 1024, with --llm 20)"},
          {.name = "plot", .type = Type::kPath, .value_name = "FILE", .help = "draws the curves as SVG"},
          {.name = "llm", .value_name = "MODEL", .help = "lets a language model label the points"},
          {.name = "plain", .type = Type::kFlag, .help = "prompts a chat model with plain text"}};
}

std::vector<LabelledSequence> requested_sequences(const ActionRequest& request, const Recipe& recipe,
                                                  std::int64_t otherwise) {
  constexpr std::int64_t kMost = 1'000'000;
  const std::int64_t count = request.has("sequences") ? request.integer("sequences") : otherwise;
  if (count < 1 || count > kMost) {
    throw Error(ErrorKind::kUsage, "reading --sequences",
                std::to_string(count) + " is not in 1 to " + std::to_string(kMost));
  }
  return make_sequences(recipe, static_cast<std::size_t>(count), request.common.seed, "functions.evaluate");
}

ActionResult evaluate_learner(const ActionRequest& request, const Recipe& recipe, std::int64_t otherwise,
                              const CurveOf& learner) {
  const auto sequences = requested_sequences(request, recipe, otherwise);
  std::vector<AccuracyCurve> curves = {learner(sequences)};
  const std::string list = request.text("baselines");
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    curves.push_back(learner_curve(list.substr(begin, end - begin), sequences));
    begin = end + 1;
  }
  const std::string& task = recipe.text("task.name");
  if (!request.common.out.empty()) {
    write_file(request.common.out, curves_csv(curves));
  }
  if (request.has("plot")) {
    write_file(request.text("plot"), curves_svg(task + ": accuracy at each index", curves));
  }
  return {.json = {{"task", task}, {"sequences", sequences.size()}, {"curves", curves_json(curves)}},
          .text = curves_text(curves)};
}

ActionResult evaluate_language_model(const ActionRequest& request) {
  constexpr std::int64_t kFew = 20;
  return evaluate_learner(request, recipe_with_task(request, request.recipe), kFew,
                          [&](std::span<const LabelledSequence> sequences) {
                            return language_model_curve(request.text("llm"), sequences,
                                                        request.flag("plain"));
                          });
}

void add_curves(Report& report, const std::filesystem::path& folder, const std::string& file,
                const std::string& title, std::span<const AccuracyCurve> curves) {
  write_file(folder / (file + ".svg"), curves_svg(title, curves));
  write_file(folder / (file + ".csv"), curves_csv(curves));
  report.picture(file + ".svg", title);
}

}  // namespace everform::functions
