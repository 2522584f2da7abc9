#include "everform/domains/automata/step_actions.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/output_folder.h"
#include "everform/core/recipes/number_list.h"
#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/domains/automata/step_recipe.h"

namespace everform {
namespace {

using Type = OptionSpec::Type;

OptionSpec temperature_option() {
  return {.name = "temperature",
          .value_name = "T,...",
          .help = "0 takes the likeliest byte",
          .default_value = "0"};
}

OptionSpec generations_option(std::int64_t otherwise) {
  return {.name = "rollout",
          .type = Type::kInteger,
          .value_name = "N",
          .help = "generations",
          .default_value = otherwise};
}

std::vector<double> numbers(const ActionRequest& request, const std::string& option) {
  return parse_number_list(request.text(option), "reading --" + option);
}

/// run.gif, run-2.gif, run-3.gif, ...
std::filesystem::path numbered(const std::filesystem::path& path, std::size_t index) {
  return path.parent_path() / (path.stem().string() + (index == 0 ? "" : "-" + std::to_string(index + 1)) +
                               path.extension().string());
}

std::vector<Grid> starts_of(const ActionRequest& request, const StepData& data) {
  constexpr double kOrder = 0.35;
  if (names_start(request)) {
    return {chosen_start(request, data)};
  }
  return held_out_steps(data, data.widths[0], kOrder, request.integer("count"), request.common.seed,
                        request.card->name + ".generate")
      .now;
}

}  // namespace

std::vector<OptionSpec> rollout_options() {
  std::vector<OptionSpec> options = start_options();
  const std::vector<OptionSpec> more = {width_option(),
                                        temperature_option(),
                                        generations_option(20),
                                        {.name = "count",
                                         .type = Type::kInteger,
                                         .value_name = "N",
                                         .help = "random starts, where none is named",
                                         .default_value = 1},
                                        {.name = "compare",
                                         .value_name = "NAME",
                                         .help = "the true automaton beside it, wrong cells marked",
                                         .choices = {"oracle"}}};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

ActionResult generate_rollouts(const ActionRequest& request, const StepData& data,
                               const HeatedCompleter& completer) {
  const std::int64_t generations = request.integer("rollout");
  const double temperature = numbers(request, "temperature").at(0);
  const std::vector<Grid> starts = starts_of(request, data);
  const std::filesystem::path out =
      request.common.out.empty() ? request.card->name + ".gif" : request.common.out;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    refuse_existing_file(numbered(out, i), request.common.yes, "drawing the rollout");
  }
  const auto runs = roll_out(starts, generations, data.strings, completer(temperature));
  ActionResult result{.json = {{"count", runs.size()}}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::vector<Grid> truth = orbit(starts[i], generations, data.rule, data.edge);
    const std::string file = numbered(out, i).string();
    write_run(file, runs[i], request.has("compare") ? &truth : nullptr, data.rule);
    result.json["outputs"].push_back(file);
    result.json["wrong_cells"].push_back(wrong_cells(runs[i], truth));
    result.text += file + ": " + std::to_string(generations) +
                   " generations, equal to the automaton up to generation " +
                   std::to_string(equal_up_to(runs[i], truth)) + "\n";
  }
  return result;
}

std::vector<OptionSpec> step_score_options() {
  return {temperature_option(),
          width_option(),
          {.name = "order", .value_name = "A:B:N", .help = "a row for each order parameter"},
          {.name = "grids",
           .type = Type::kInteger,
           .value_name = "N",
           .help = "grids of a row",
           .default_value = 256}};
}

ActionResult evaluate_steps(const ActionRequest& request, const StepData& data,
                            const HeatedCompleter& completer) {
  std::vector<HeatedModel> models;
  for (const double temperature : numbers(request, "temperature")) {
    models.push_back({temperature, completer(temperature)});
  }
  const auto orders = request.has("order") ? numbers(request, "order") : std::vector<double>();
  const auto rows = scores_by_order(data, models, orders, request.integer("grids"), request.common.seed);
  if (!request.common.out.empty()) {
    write_file(request.common.out, to_csv(rows, "order"));
  }
  return {.json = to_json(rows), .text = to_text(rows, "order")};
}

std::vector<OptionSpec> divergence_options() {
  return {generations_option(50),
          {.name = "starts",
           .type = Type::kInteger,
           .value_name = "N",
           .help = "random starts",
           .default_value = 32},
          {.name = "order",
           .type = Type::kNumber,
           .value_name = "P",
           .help = "order parameter of the starts",
           .default_value = 0.4},
          {.name = "widths", .value_name = "N,...", .help = "sides of the grids that are scored"}};
}

ActionResult analyse_rollouts(const ActionRequest& request, const StepData& data,
                              const HeatedCompleter& completer) {
  constexpr std::int64_t kScoredGrids = 64;
  const std::int64_t generations = request.integer("rollout");
  const HeldOutSteps starts =
      held_out_steps(data, data.widths[0], request.number("order"), request.integer("starts"),
                     request.common.seed, request.card->name + ".rollout");
  std::vector<std::vector<Grid>> truths;
  for (const Grid& start : starts.now) {
    truths.push_back(orbit(start, generations, data.rule, data.edge));
  }
  const PromptCompleter complete = completer(0.0);
  const auto runs = roll_out(starts.now, generations, data.strings, complete, BadAnswer::kStop);
  const std::vector<double> curve = divergence_curve(runs, truths);
  const std::vector<double> own(data.widths.begin(), data.widths.end());
  const auto widths = request.has("widths") ? numbers(request, "widths") : own;
  const auto rows = scores_by_width(data, {0.0, complete}, widths, kScoredGrids, request.common.seed);
  ActionResult result{.json = to_json(rows), .text = to_text(rows, "width")};
  result.json["divergence"] = curve;
  result.text += "share of wrong cells after " + std::to_string(generations) +
                 " generations: " + nlohmann::json(curve.back()).dump() + "\n";
  if (!request.common.out.empty()) {
    write_divergence(request.common.out, curve);
  }
  return result;
}

}  // namespace everform
