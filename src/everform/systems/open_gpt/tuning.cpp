#include "everform/core/base/error.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/domains/language/corpus.h"
#include "everform/domains/language/evaluation.h"
#include "everform/domains/language/text_generation.h"
#include "everform/systems/open_gpt/open_gpt.h"
#include "everform/systems/open_gpt/settings.h"
#include "everform/workbench/adaptation/lora.h"
#include "everform/workbench/adaptation/prompt_tuning.h"
#include "everform/workbench/models/libtorch_step_model.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/next_token.h"
#include "everform/workbench/training/evaluate_objective.h"
#include "everform/workbench/training/train_action.h"

namespace everform {
namespace open_gpt {
namespace {

constexpr const char* kAdapterFile = "adapter.safetensors";

/// An adapter's weights where checkpoints look for weights.
struct AdapterWeights : torch::nn::Module {
  explicit AdapterWeights(const Adapter& adapter) {
    for (auto [name, weight] : adapter.parameters()) {
      std::replace(name.begin(), name.end(), '.', '/');
      register_parameter(name, weight);
    }
  }
};

Recipe with_options(const ActionRequest& request) {
  Recipe recipe = request.recipe;
  recipe.set("model.name", model_name(request));
  const std::pair<const char*, std::pair<const char*, const char*>> kinds[] = {
      {"lora", {"lora", "tuning.rank"}}, {"prompt-tokens", {"prompt", "tuning.prompt_tokens"}}};
  for (const auto& [option, choice] : kinds) {
    if (request.has(option)) {
      recipe.set("tuning.kind", choice.first);
      recipe.set(choice.second, request.integer(option));
    }
  }
  if (request.has("lora") && request.has("prompt-tokens")) {
    throw Error(ErrorKind::kUsage, "everform train open-gpt", "--lora and --prompt-tokens are both given",
                "train one, then the other");
  }
  if (request.has("data")) {
    recipe.set("data.path", request.text("data"));
  }
  return recipe;
}

std::unique_ptr<Adapter> make_adapter(const Recipe& recipe, std::uint64_t seed) {
  const std::string& kind = recipe.text("tuning.kind");
  if (kind == "lora") {
    return std::make_unique<Lora>(LoraOptions{recipe.integer("tuning.rank"), recipe.number("tuning.alpha"),
                                              recipe.texts("tuning.targets"), seed});
  }
  return kind == "full" ? nullptr
                        : std::make_unique<PromptTuning>(PromptTuningOptions{
                              .count = recipe.integer("tuning.prompt_tokens"), .seed = seed});
}

std::vector<MaskedTokens> read_pieces(const Recipe& recipe, const LanguageModel& model) {
  const std::string& path = recipe.text("data.path");
  if (path.empty()) {
    throw Error(ErrorKind::kUsage, "everform train open-gpt", "there is nothing to learn from",
                "give conversations or a text: --data chat.jsonl");
  }
  if (!path.ends_with(".jsonl")) {
    return cut_text(*model.tokenizer, read_text(path),
                    static_cast<std::size_t>(recipe.integer("data.length")) + 1);
  }
  std::vector<MaskedTokens> pieces;
  const std::string chat_template = find_chat_template(model, std::nullopt);
  for (const Conversation& conversation : read_conversations(path)) {
    pieces.push_back(mask_prompts(*model.tokenizer, chat_template, conversation));
  }
  return pieces;
}

std::shared_ptr<const BatchSource> source_of(std::vector<MaskedTokens> pieces, std::size_t longest,
                                             std::int64_t batch, std::uint64_t seed) {
  std::uint64_t hash = 0;
  for (const MaskedTokens& piece : pieces) {
    hash = hash * 31 +
           fnv1a64({reinterpret_cast<const char*>(piece.ids.data()), piece.ids.size() * sizeof(TokenId)});
  }
  const DataSetSource::Options options{static_cast<std::int64_t>(pieces.size()), batch, seed};
  const auto element = [pieces = std::move(pieces), longest](std::int64_t index, std::int64_t) {
    return next_token_sample(pieces[static_cast<std::size_t>(index)], longest);
  };
  return std::make_shared<DataSetSource>(
      options, element, nlohmann::json{{"pieces", options.size}, {"hash", hash}, {"seed", seed}});
}

/// The weights that the run's model.safetensors holds: a plain decoder with LoRA merged in; of a soft prompt,
/// itself.
std::map<std::string, torch::Tensor> final_weights(const Tuning& tuning) {
  std::map<std::string, torch::Tensor> weights;
  const bool prompt = tuning.adapter != nullptr && tuning.adapter->kind() == "prompt-tuning";
  if (tuning.adapter != nullptr && !prompt) {
    tuning.adapter->merge();
  }
  for (const auto& [name, weight] :
       prompt ? tuning.adapter->parameters() : unique_parameters(*tuning.transformer)) {
    weights[name] = weight.detach().clone();
  }
  if (tuning.adapter != nullptr && !prompt) {
    tuning.adapter->unmerge();
  }
  return weights;
}

ActionResult train(const ActionRequest& request) {
  Tuning tuning;
  const std::filesystem::path run = run_path(request);
  ActionResult result = train_action(request, [&] { return make_job(request, tuning); });
  if (tuning.transformer != nullptr) {
    write_tokenizer_files(*open_decoder(find_language_model(model_name(request))), run);
    if (tuning.adapter != nullptr) {
      tuning.adapter->save(run / kAdapterFile);
    }
  }
  return result;
}

}  // namespace

TrainingJob make_job(const ActionRequest& request, Tuning& tuning) {
  TrainingJob job = training_job(request);
  job.recipe = with_options(request);
  const std::filesystem::path path = find_language_model(job.recipe.text("model.name"));
  const auto longest = static_cast<std::size_t>(job.recipe.integer("data.length"));
  if (tuning.pieces.empty()) {
    tuning.pieces = read_pieces(job.recipe, {.path = path, .tokenizer = load_tokenizer(path)});
  }
  tuning.transformer = load_transformer(path);
  tuning.transformer->to(job.device);
  tuning.adapter = make_adapter(job.recipe, job.seed);
  if (tuning.adapter != nullptr) {
    tuning.adapter->attach(tuning.transformer);
    job.modules["adapter"] = std::make_shared<AdapterWeights>(*tuning.adapter);
  } else {
    job.modules[""] = tuning.transformer;
  }
  NextTokenOptions options;
  for (const auto& [name, weight] :
       tuning.adapter != nullptr ? tuning.adapter->parameters() : unique_parameters(*tuning.transformer)) {
    options.parameters.push_back(weight);
  }
  job.objective = std::make_shared<NextToken>(tuning.transformer, options);
  job.batches = source_of(tuning.pieces, longest, job.recipe.integer("training.batch"), job.seed);
  job.config = to_json(tuning.transformer->config());
  job.final_tensors = [&tuning] { return final_weights(tuning); };
  return job;
}

double mean_loss(const Tuning& tuning, const std::vector<MaskedTokens>& pieces, std::size_t longest) {
  NextToken objective(tuning.transformer);
  const auto items = static_cast<std::int64_t>(pieces.size());
  const auto device = tuning.transformer->parameters().front().device();
  return evaluate_objective(objective, *source_of(pieces, longest, items, 0),
                            {.items = items, .device = device})
      .at("loss");
}

LanguageModel load_model(const ActionRequest& request) {
  const std::filesystem::path path = find_language_model(model_name(request));
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
