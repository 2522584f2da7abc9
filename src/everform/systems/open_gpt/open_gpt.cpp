#include "everform/systems/open_gpt/open_gpt.h"

#include "everform/core/base/error.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/domains/language/evaluation.h"
#include "everform/domains/language/requested_model.h"
#include "everform/domains/language/text_generation.h"
#include "everform/domains/language/tuning_pieces.h"
#include "everform/workbench/models/libtorch_step_model.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/next_token.h"
#include "everform/workbench/training/evaluate_objective.h"
#include "everform/workbench/training/sample_source.h"
#include "everform/workbench/training/train_action.h"

namespace everform {
namespace open_gpt {
namespace {

constexpr const char* kAdapterFile = "adapter.safetensors";

Recipe with_options(const ActionRequest& request) {
  Recipe recipe = request.recipe;
  recipe.set("model.name", requested_model(request));
  if (request.has("lora") && request.has("prompt-tokens")) {
    throw Error(ErrorKind::kUsage, "everform train open-gpt", "--lora and --prompt-tokens are both given",
                "train one, then the other");
  }
  if (request.has("lora")) {
    recipe.set("tuning.kind", "lora");
    recipe.set("tuning.rank", request.integer("lora"));
  }
  if (request.has("prompt-tokens")) {
    recipe.set("tuning.kind", "prompt");
    recipe.set("tuning.prompt_tokens", request.integer("prompt-tokens"));
  }
  if (request.has("data")) {
    recipe.set("data.path", request.text("data"));
  }
  return recipe;
}

std::size_t length_of(const Recipe& recipe) {
  return static_cast<std::size_t>(recipe.integer("data.length"));
}

std::vector<MaskedTokens> pieces_of(const Recipe& recipe, const std::filesystem::path& model) {
  if (recipe.text("data.path").empty()) {
    throw Error(ErrorKind::kUsage, "everform train open-gpt", "there is nothing to learn from",
                "give conversations or a text: --data chat.jsonl");
  }
  return read_pieces(recipe.text("data.path"), {.path = model, .tokenizer = load_tokenizer(model)},
                     length_of(recipe));
}

ActionResult train(const ActionRequest& request) {
  Tuning tuning;
  const std::filesystem::path run = run_path(request);
  ActionResult result = train_action(request, [&] { return make_job(request, tuning); });
  if (tuning.transformer != nullptr) {
    write_tokenizer_files(*open_decoder(find_language_model(requested_model(request))), run);
    if (tuning.adapter != nullptr) {
      tuning.adapter->save(run / kAdapterFile);
    }
  }
  return result;
}

/// A decoder for the plain path, or through libtorch with its soft prompt where the request is about a run of
/// prompt tuning.
LanguageModel load_model(const ActionRequest& request) {
  const std::filesystem::path path = find_language_model(requested_model(request));
  if (!std::filesystem::exists(path / kAdapterFile) || request.recipe.text("tuning.kind") != "prompt") {
    return load_language_model(path);
  }
  const std::filesystem::path base = find_language_model(request.recipe.text("model.name"));
  const auto transformer = load_transformer(base);
  // The transformer keeps the soft prompt's vectors; the adapter object must outlive it.
  const std::shared_ptr<Adapter> adapter = load_adapter(path / kAdapterFile, transformer);
  return {base,
          transformer->config(),
          {new LibtorchStepModel(transformer), [adapter](const StepModel* model) { delete model; }},
          load_tokenizer(base)};
}

}  // namespace

TrainingJob make_job(const ActionRequest& request, Tuning& tuning) {
  TrainingJob job = training_job(request);
  job.recipe = with_options(request);
  const std::filesystem::path path = find_language_model(job.recipe.text("model.name"));
  if (tuning.pieces.empty()) {
    tuning.pieces = pieces_of(job.recipe, path);
  }
  tuning.transformer = load_transformer(path);
  set_tuning(job, tuning);
  job.batches = sample_batches(piece_samples(tuning.pieces, length_of(job.recipe), job.seed),
                               job.recipe.integer("training.batch"), job.seed);
  return job;
}

double mean_loss(const Tuning& tuning, const std::vector<MaskedTokens>& pieces, std::size_t longest) {
  NextToken objective(tuning.transformer);
  const auto items = static_cast<std::int64_t>(pieces.size());
  const auto device = tuning.transformer->parameters().front().device();
  return evaluate_objective(objective, *sample_batches(piece_samples(pieces, longest, 0), items, 0),
                            {.items = items, .device = device})
      .at("loss");
}

}  // namespace open_gpt

void bind_open_gpt(SystemRuntime& runtime) {
  runtime.bind("open-gpt", "train", open_gpt::train);
  runtime.bind("open-gpt", "reproduce", open_gpt::reproduce);
  runtime.bind("open-gpt", "generate", [](const ActionRequest& request) {
    return generate_text(request.options, request.common, [&] { return open_gpt::load_model(request); });
  });
  runtime.bind("open-gpt", "evaluate", [](const ActionRequest& request) {
    const EvaluationRequest wanted = read_evaluation(request.options, request.common.seed);
    ActionResult result = evaluate(open_gpt::load_model(request), wanted);
    write_evaluation(result.json, request.common.out);
    return result;
  });
}

}  // namespace everform
