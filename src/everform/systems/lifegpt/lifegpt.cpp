#include "everform/systems/lifegpt/lifegpt.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/recipes/number_list.h"
#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/sampling/byte_completion.h"
#include "everform/workbench/training/train_action.h"

namespace everform {
namespace lifegpt {

PromptCompleter Model::completer(double temperature, std::uint64_t seed) const {
  return [model = *this, temperature, seed](const std::vector<std::string>& prompts,
                                            std::int64_t generation) {
    const GridString& strings = model.data.strings;
    const auto longest = [&](const std::string& prompt) {
      return strings.answer_bytes(static_cast<std::int64_t>(prompt.size()) - GridString().prompt_bytes(0));
    };
    return complete_bytes(*model.transformer, prompts, longest,
                          {.temperature = temperature,
                           .end = GridString::kEnd,
                           .seed = seed,
                           .purpose = "lifegpt.generation." + std::to_string(generation)});
  };
}

namespace {

/// --model's network, with --width in place of the recipe's widths.
Model open_model(const ActionRequest& request) {
  if (request.model.empty()) {
    throw Error(ErrorKind::kUsage, "everform " + request.verb + " lifegpt",
                "it needs a trained model: --model RUN",
                "make one with: everform train lifegpt --out runs/life");
  }
  Model model{load_transformer(request.model), step_data(request.recipe)};
  model.transformer->to(training_device(request.common.device));
  if (request.has("width")) {
    model.data.widths = {request.integer("width")};
  }
  return model;
}

ActionResult generate(const ActionRequest& request) {
  const Model model = open_model(request);
  const StepData& data = model.data;
  const std::uint64_t seed = request.common.seed;
  const std::int64_t generations = request.integer("rollout");
  const double temperature = parse_number_list(request.text("temperature"), "reading --temperature").at(0);
  const std::vector<Grid> starts =
      request.has("input") || request.has("pattern")
          ? std::vector{chosen_start(request, data)}
          : held_out_steps(data, data.widths[0], 0.35, request.integer("count"), seed, "lifegpt.generate")
                .now;
  const auto runs = roll_out(starts, generations, data.strings, model.completer(temperature, seed));
  ActionResult result{.json = {{"count", runs.size()}}};
  const std::filesystem::path out = request.common.out.empty() ? "lifegpt.gif" : request.common.out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::vector<Grid> truth = orbit(starts[i], generations, data.rule, data.edge);
    const std::string name =
        out.stem().string() + (i == 0 ? "" : "-" + std::to_string(i + 1)) + out.extension().string();
    write_run(out.parent_path() / name, runs[i], request.has("compare") ? &truth : nullptr, data.rule);
    result.json["outputs"].push_back((out.parent_path() / name).string());
    result.json["wrong_cells"].push_back(wrong_cells(runs[i], truth));
    result.text += (out.parent_path() / name).string() + ": " + std::to_string(generations) +
                   " generations, equal to the automaton up to generation " +
                   std::to_string(equal_up_to(runs[i], truth)) + "\n";
  }
  return result;
}

ActionResult evaluate(const ActionRequest& request) {
  const Model model = open_model(request);
  std::vector<HeatedModel> models;
  for (const double temperature : parse_number_list(request.text("temperature"), "reading --temperature")) {
    models.push_back({temperature, model.completer(temperature, request.common.seed)});
  }
  const std::vector<double> orders = request.has("order")
                                         ? parse_number_list(request.text("order"), "reading --order")
                                         : std::vector<double>();
  const auto rows =
      scores_by_order(model.data, models, orders, request.integer("grids"), request.common.seed);
  if (!request.common.out.empty()) {
    write_file(request.common.out, to_csv(rows, "order"));
  }
  return {.json = to_json(rows), .text = to_text(rows, "order")};
}

ActionResult analyse(const ActionRequest& request) {
  const Model model = open_model(request);
  const StepData& data = model.data;
  const std::uint64_t seed = request.common.seed;
  const std::int64_t generations = request.integer("rollout");
  const HeldOutSteps starts = held_out_steps(data, data.widths[0], request.number("order"),
                                             request.integer("starts"), seed, "lifegpt.rollout");
  std::vector<std::vector<Grid>> truths;
  for (const Grid& start : starts.now) {
    truths.push_back(orbit(start, generations, data.rule, data.edge));
  }
  const PromptCompleter complete = model.completer(0.0, seed);
  const auto runs = roll_out(starts.now, generations, data.strings, complete, BadAnswer::kStop);
  const std::vector<double> curve = divergence_curve(runs, truths);
  const std::vector<double> own(data.widths.begin(), data.widths.end());
  const auto widths =
      request.has("widths") ? parse_number_list(request.text("widths"), "reading --widths") : own;
  const auto rows = scores_by_width(data, {0.0, complete}, widths, 64, seed);
  ActionResult result{.json = to_json(rows), .text = to_text(rows, "width")};
  result.json["divergence"] = curve;
  result.text += "share of wrong cells after " + std::to_string(generations) +
                 " generations: " + nlohmann::json(curve.back()).dump() + "\n";
  if (!request.common.out.empty()) {
    write_divergence(request.common.out, curve);
  }
  return result;
}

}  // namespace
}  // namespace lifegpt

void bind_lifegpt(SystemRuntime& runtime) {
  runtime.bind("lifegpt", "train", [](const ActionRequest& request) {
    lifegpt::Model model;
    return train_action(request, [&] { return lifegpt::make_job(request, model); });
  });
  runtime.bind("lifegpt", "generate", lifegpt::generate);
  runtime.bind("lifegpt", "evaluate", lifegpt::evaluate);
  runtime.bind("lifegpt", "analyse", lifegpt::analyse);
  runtime.bind("lifegpt", "reproduce", lifegpt::reproduce);
}

}  // namespace everform
