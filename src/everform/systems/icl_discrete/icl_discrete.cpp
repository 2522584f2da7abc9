#include "everform/systems/icl_discrete/icl_discrete.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/workbench/adaptation/freeze.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/per_position_bce.h"
#include "everform/workbench/training/train_action.h"

namespace everform {
namespace icl_discrete {

namespace {

constexpr std::int64_t kRowsPerExample = 2;
constexpr std::size_t kAtOnce = 64;  // sequences

MixerKind mixer_of(const std::string& backbone) {
  return backbone == "linear-attention" ? MixerKind::kLinearAttention
         : backbone == "retention"      ? MixerKind::kRetention
         : backbone == "lstm"           ? MixerKind::kLstm
                                        : MixerKind::kAttention;
}

void check_fits(const Recipe& recipe, const Transformer& network) {
  const std::int64_t most = network.config().context / kRowsPerExample;
  if (recipe.integer("task.points") > most || recipe.integer("task.n") != network.options().width_in) {
    throw Error(ErrorKind::kUsage, "giving icl-discrete its problems",
                "the network reads " + std::to_string(network.options().width_in) +
                    " coordinates and at most " + std::to_string(most) + " examples",
                "give --n and --points within that, or train with another --set model.context=");
  }
}

std::shared_ptr<const BatchSource> make_batches(const Recipe& recipe, std::uint64_t seed) {
  const nlohmann::json identity = {
      {"task", recipe.to_json().at("task")}, {"data", recipe.text("data.path")}, {"seed", seed}};
  if (!recipe.text("data.path").empty()) {
    const auto table = functions::make_sequences(recipe, std::numeric_limits<std::size_t>::max(), seed, "");
    return std::make_shared<DataSetSource>(
        DataSetSource::Options{.size = static_cast<std::int64_t>(table.size()),
                               .batch = recipe.integer("training.batch"),
                               .seed = seed},
        [table](std::int64_t index, std::int64_t) {
          return functions::encode_sequence(table[static_cast<std::size_t>(index)]);
        },
        identity);
  }
  const std::shared_ptr<const functions::TaskLaw> law =
      functions::make_task_law(recipe.text("task.name"), functions::sequence_shape(recipe));
  const auto draw = [law, seed](std::int64_t step, std::int64_t item) {
    RandomStream random(seed, "functions.train", static_cast<std::uint64_t>(step),
                        static_cast<std::uint64_t>(item));
    return functions::encode_sequence(law->draw(random));
  };
  return std::make_shared<GeneratedSource>(draw, identity);
}

std::filesystem::path folder_of(const std::filesystem::path& run) {
  return std::filesystem::is_directory(run) ? run : run.parent_path();
}

void load_weights(Transformer& network, const std::filesystem::path& run) {
  load_parameters(network, *open_tensor_store(folder_of(run) / "model.safetensors"));
}

}  // namespace

std::shared_ptr<Transformer> make_network(const Recipe& recipe) {
  const std::int64_t width = recipe.integer("model.width");
  const TransformerConfig config{.width = width,
                                 .depth = recipe.integer("model.depth"),
                                 .heads = recipe.integer("model.heads"),
                                 .ff_width = 4 * width,
                                 .context = recipe.integer("model.context"),
                                 .norm = NormKind::kLayerNorm,
                                 .norm_bias = true,
                                 .positions = PositionKind::kLearned,
                                 .activation = Activation::kGeluTanh,
                                 .gated_mlp = false,
                                 .qkv_bias = true,
                                 .attention_output_bias = true,
                                 .mlp_bias = true};
  const MixerKind mixer = mixer_of(recipe.text("model.backbone"));
  auto network = std::make_shared<Transformer>(
      config, TransformerOptions{.mixer = mixer, .width_in = recipe.integer("task.n"), .width_out = 1});
  check_fits(recipe, *network);
  return network;
}

Model load_model(const ActionRequest& request) {
  if (request.model.empty()) {
    throw Error(ErrorKind::kUsage, "everform " + request.verb + " icl-discrete",
                "it needs a trained model: --model RUN",
                "make one with: everform train icl-discrete --out runs/conj");
  }
  const std::string file = (folder_of(request.model) / "recipe.toml").string();
  ActionRequest run = request;
  run.recipe = resolve_recipe({.system = request.card->name,
                               .schema = &request.card->schema,
                               .built_in = request.card->recipe,
                               .file_text = read_file(file, std::size_t{1} << 20),
                               .file_name = file,
                               .sets = request.common.sets});
  Model model{functions::recipe_with_task(run), make_network(run.recipe)};
  load_weights(*model.network, request.model);
  check_fits(model.recipe, *model.network);
  model.network->to(training_device(request.common.device));
  model.network->eval();
  return model;
}

torch::Tensor vectors_of(const Transformer& network, std::span<const functions::LabelledSequence> sequences) {
  std::vector<Sample> samples;
  std::transform(sequences.begin(), sequences.end(), std::back_inserter(samples), functions::encode_sequence);
  return collate(samples).at("vectors").to(network.lm_head->weight.device());
}

functions::SequenceJudge model_judge(Transformer& network,
                                     std::span<const functions::LabelledSequence> sequences) {
  return [&network, sequences, positive = torch::Tensor(),
          next = std::size_t{0}](const functions::LabelledSequence& sequence) mutable {
    const torch::NoGradGuard no_grad;
    if (next % kAtOnce == 0) {
      const auto some = sequences.subspan(next, std::min(kAtOnce, sequences.size() - next));
      positive = (strided_logits(network, vectors_of(network, some), kRowsPerExample) > 0).cpu().contiguous();
    }
    const bool* row = positive.const_data_ptr<bool>() + (next++ % kAtOnce) * sequence.points.size();
    std::vector<bool> right;
    for (std::size_t i = 0; i < sequence.points.size(); ++i) {
      right.push_back(row[i] == (sequence.labels[i] > 0));
    }
    return right;
  };
}

functions::AccuracyCurve model_curve(const std::string& name, Transformer& network,
                                     std::span<const functions::LabelledSequence> sequences) {
  return functions::accuracy_curve(name, sequences, model_judge(network, sequences));
}

void compose(TrainingJob& job, const std::filesystem::path& start) {
  const auto network = make_network(job.recipe);
  initialise(*network, job.seed,
             InitOptions{.deviation = job.recipe.number("model.initial_deviation"),
                         .depth = network->config().depth});
  if (!start.empty()) {
    load_weights(*network, start);
  }
  freeze(*network, freeze_from_name(job.recipe.text("adaptation.freeze")));
  network->to(job.device);
  job.modules = {{"", network}};
  job.objective = std::make_shared<PerPositionBce>(network, kRowsPerExample);
  job.batches = make_batches(job.recipe, job.seed);
  job.config = {{"model_type", "icl-discrete"}, {"recipe", job.recipe.to_json()}};
  job.watched = "last_quarter";
  job.lower_is_better = false;
  job.evaluate = [network, recipe = job.recipe,
                  seed = job.seed](std::int64_t) -> std::map<std::string, double> {
    const auto curve =
        model_curve("model", *network, functions::make_sequences(recipe, 256, seed, "functions.watched"));
    return {{"accuracy", curve.mean()}, {"last_quarter", curve.last_quarter()}};
  };
}

Model train_small(const Recipe& recipe, std::uint64_t seed, const std::filesystem::path& run,
                  const std::string& label, const std::filesystem::path& start) {
  TrainingJob job{.name = label, .recipe = recipe, .options = training_options(recipe), .seed = seed};
  compose(job, start);
  train(job, run, /*resume=*/false, /*overwrite=*/true);
  return {recipe, std::static_pointer_cast<Transformer>(job.modules.at(""))};
}

}  // namespace icl_discrete

void bind_icl_discrete(SystemRuntime& runtime) {
  runtime.bind("icl-discrete", "train", [](const ActionRequest& request) {
    ActionRequest resolved = request;
    resolved.recipe = functions::recipe_with_task(request);
    return train_action(resolved, [&] {
      TrainingJob job = training_job(resolved);
      icl_discrete::compose(job, request.has("start") ? request.text("start") : "");
      return job;
    });
  });
  runtime.bind("icl-discrete", "evaluate", icl_discrete::evaluate);
  runtime.bind("icl-discrete", "analyse", icl_discrete::analyse);
  runtime.bind("icl-discrete", "reproduce", icl_discrete::reproduce);
}

}  // namespace everform
