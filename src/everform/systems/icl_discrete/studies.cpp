// The verbs evaluate and analyse.
#include <cstdio>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/domains/functions/attention_pairs.h"
#include "everform/domains/functions/language_learner.h"
#include "everform/systems/icl_discrete/icl_discrete.h"
#include "everform/workbench/evaluation/attention_mass.h"
#include "everform/workbench/training/train_action.h"

namespace everform::icl_discrete {

namespace {

std::vector<functions::LabelledSequence> sequences_for(const ActionRequest& request, const Recipe& recipe,
                                                       std::int64_t otherwise) {
  const std::int64_t count = request.has("sequences") ? request.integer("sequences") : otherwise;
  if (count < 1 || count > 1'000'000) {
    throw Error(ErrorKind::kUsage, "reading --sequences", std::to_string(count) + " is not in 1 to 1000000");
  }
  return functions::make_sequences(recipe, static_cast<std::size_t>(count), request.common.seed,
                                   "functions.evaluate");
}

std::string row_text(const std::string& name, const std::vector<double>& figures) {
  std::string text = name;
  text.resize(std::max<std::size_t>(text.size() + 1, 32), ' ');
  for (const double figure : figures) {
    char number[32];
    std::snprintf(number, sizeof number, "%8.3f", figure);
    text += number;
  }
  return text + "\n";
}

ActionResult study_heads(const ActionRequest& request) {
  const Model model = load_model(request);
  const bool induction = request.text("heads") == "induction";
  auto sequences = sequences_for(request, model.recipe, 256);
  if (induction) {
    sequences = functions::repeated(std::move(sequences));
  }
  const auto pairs = induction ? functions::induction_pairs(sequences)
                               : functions::neighbour_pairs(
                                     sequences, static_cast<int>(sequences.front().points.size() / 2));
  const torch::NoGradGuard no_grad;
  Taps taps{.attention = true};
  const torch::Tensor vectors = vectors_of(*model.network, sequences);
  model.network->forward({.vectors = vectors, .taps = &taps});
  const auto rows = [&](const std::vector<std::int64_t>& indices) {
    return torch::tensor(indices, torch::kLong)
        .view({static_cast<std::int64_t>(sequences.size()), -1})
        .to(vectors.device());
  };
  const auto mass = attention_mass(taps.attention_weights, rows(pairs.queries), rows(pairs.keys));
  const double uniform = uniform_attention_mass(rows(pairs.queries));
  ActionResult result{.json = {{"heads", request.text("heads")}, {"uniform", uniform}, {"mass", mass}}};
  result.text = row_text("attention if all rows were alike", {uniform});
  for (std::size_t block = 0; block < mass.size(); ++block) {
    result.text += row_text("block " + std::to_string(block) + ", each head", mass[block]);
  }
  return result;
}

/// A training of a study: what is different in it.
struct Variant {
  std::string name;
  Recipe recipe;
  std::string start;
};

std::vector<Variant> backbone_variants(const Recipe& recipe) {
  std::vector<Variant> variants;
  for (const char* backbone : {"attention", "linear-attention", "retention", "lstm"}) {
    variants.push_back({backbone, recipe, ""});
    variants.back().recipe.set("model.backbone", backbone);
  }
  return variants;
}

std::vector<Variant> frozen_variants(const Recipe& recipe, const std::string& model) {
  std::vector<Variant> variants;
  for (const std::string& start :
       model.empty() ? std::vector<std::string>{""} : std::vector<std::string>{"", model}) {
    for (const char* frozen : {"none", "mixers-and-mlps", "all-but-ends"}) {
      variants.push_back(
          {std::string(start.empty() ? "fresh" : "pretrained") + ", frozen: " + frozen, recipe, start});
      variants.back().recipe.set("adaptation.freeze", frozen);
    }
  }
  return variants;
}

ActionResult study_trainings(const ActionRequest& request, const std::vector<Variant>& variants) {
  const auto sequences = sequences_for(request, variants.front().recipe, 256);
  log_info("this trains " + std::to_string(variants.size()) + " small models on " +
           variants.front().recipe.text("task.name"));
  ActionResult result{
      .json = {{"task", variants.front().recipe.text("task.name")}, {"rows", nlohmann::json::array()}},
      .text = "accuracy: mean, last quarter\n"};
  const auto add = [&](const functions::AccuracyCurve& curve, nlohmann::json parameters) {
    result.json["rows"].push_back({{"name", curve.name()},
                                   {"mean", curve.mean()},
                                   {"last_quarter", curve.last_quarter()},
                                   {"trained_parameters", std::move(parameters)}});
    result.text += row_text(curve.name(), {curve.mean(), curve.last_quarter()});
  };
  for (const Variant& variant : variants) {
    const std::filesystem::path run = run_path(request).string() + "-study";
    const Model model = train_small(variant.recipe, request.common.seed, run, variant.name, variant.start);
    std::int64_t trained = 0;
    for (const torch::Tensor& parameter : model.network->parameters()) {
      trained += parameter.requires_grad() ? parameter.numel() : 0;
    }
    add(model_curve(variant.name, *model.network, sequences), trained);
    std::filesystem::remove_all(run);
  }
  for (const char* learner : {"nn1", "null"}) {
    add(functions::learner_curve(learner, sequences), nullptr);
  }
  return result;
}

}  // namespace

ActionResult evaluate(const ActionRequest& request) {
  const bool llm = request.has("llm");
  const std::optional<Model> model = llm ? std::nullopt : std::optional(load_model(request));
  const Recipe recipe = llm ? functions::recipe_with_task(request) : model->recipe;
  const auto sequences = sequences_for(request, recipe, llm ? 20 : 1024);
  std::vector<functions::AccuracyCurve> curves = {
      llm ? functions::language_model_curve(request.text("llm"), sequences, request.flag("plain"))
          : model_curve("model", *model->network, sequences)};
  const std::string list = request.text("baselines");
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    curves.push_back(functions::learner_curve(list.substr(begin, end - begin), sequences));
    begin = end + 1;
  }
  ActionResult result{.json = {{"task", recipe.text("task.name")},
                               {"sequences", sequences.size()},
                               {"curves", functions::curves_json(curves)}},
                      .text = functions::curves_text(curves)};
  if (!request.common.out.empty()) {
    write_file(request.common.out, functions::curves_csv(curves));
  }
  if (request.has("plot")) {
    write_file(request.text("plot"),
               functions::curves_svg(recipe.text("task.name") + ": accuracy at each index", curves));
  }
  return result;
}

ActionResult analyse(const ActionRequest& request) {
  if (request.has("heads")) {
    return study_heads(request);
  }
  if (request.flag("backbones")) {
    return study_trainings(request, backbone_variants(functions::recipe_with_task(request)));
  }
  if (!request.flag("frozen")) {
    throw Error(ErrorKind::kUsage, "everform analyse icl-discrete", "no study is named",
                "give --heads, --backbones or --frozen");
  }
  Recipe recipe = request.model.empty() ? functions::recipe_with_task(request) : load_model(request).recipe;
  recipe.set("task.name", request.has("task") ? request.text("task") : "nearest-neighbour");
  return study_trainings(request, frozen_variants(recipe, request.model));
}

}  // namespace everform::icl_discrete
