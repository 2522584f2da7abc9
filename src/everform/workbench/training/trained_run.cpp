#include "everform/workbench/training/trained_run.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/tensor_store.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/training/train_action.h"

namespace everform {
namespace {

constexpr std::size_t kLargestRecipe = std::size_t{1} << 20;

std::filesystem::path folder_of(const std::filesystem::path& run) {
  return std::filesystem::is_directory(run) ? run : run.parent_path();
}

}  // namespace

const std::string& named_model(const ActionRequest& request, const std::string& example) {
  if (request.model.empty()) {
    throw Error(ErrorKind::kUsage, "everform " + request.verb + " " + request.card->name,
                "it needs a trained model: --model RUN",
                "make one with: everform train " + request.card->name + " --out " + example);
  }
  return request.model;
}

Recipe recipe_of_run(const ActionRequest& request, const std::filesystem::path& run) {
  const std::string file = (folder_of(run) / "recipe.toml").string();
  return resolve_recipe({.system = request.card->name,
                         .schema = &request.card->schema,
                         .built_in = request.card->recipe,
                         .file_text = read_file(file, kLargestRecipe),
                         .file_name = file,
                         .sets = request.common.sets});
}

void load_trained_weights(torch::nn::Module& module, const std::filesystem::path& run) {
  load_parameters(module, *open_tensor_store(folder_of(run) / "model.safetensors"));
}

void load_for_use(torch::nn::Module& module, const ActionRequest& request) {
  load_trained_weights(module, request.model);
  module.to(training_device(request.common.device));
  module.eval();
}

}  // namespace everform
