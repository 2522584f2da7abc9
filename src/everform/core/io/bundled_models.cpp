#include "everform/core/io/bundled_models.h"

#include <algorithm>
#include <cstdlib>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::vector<std::filesystem::path> model_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* named = std::getenv("EVERFORM_MODELS"); named != nullptr && *named != '\0') {
    folders.emplace_back(named);
  }
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  if (!code) {
    folders.push_back(program.parent_path().parent_path() / "share/everform/models");
  }
  if (const char* cache = std::getenv("EVERFORM_CACHE"); cache != nullptr && *cache != '\0') {
    folders.push_back(std::filesystem::path(cache) / "models");
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    folders.push_back(std::filesystem::path(home) / ".cache/everform/models");
  }
  return folders;
}

}  // namespace

const std::vector<BundledModel>& bundled_models() {
  static const std::vector<BundledModel> models = {
      {"smollm2-135m-instruct", "SmolLM2-135M-Instruct, Q4_1", "decoder", "SmolLM2-135M-Instruct.Q4_1.gguf"},
      {"all-minilm-l6-v2", "all-MiniLM-L6-v2", "encoder", ""},
  };
  return models;
}

std::optional<std::filesystem::path> find_bundled_model(const std::string& name) {
  const auto& models = bundled_models();
  const auto model =
      std::find_if(models.begin(), models.end(), [&](const auto& m) { return m.name == name; });
  if (model == models.end()) {
    return std::nullopt;
  }
  std::string looked;
  for (const auto& folder : model_folders()) {
    const auto path = model->file.empty() ? folder / name : folder / name / model->file;
    std::error_code code;
    if (std::filesystem::exists(path, code)) {
      return path;
    }
    looked += (looked.empty() ? "" : ", ") + folder.string();
  }
  throw Error(
      ErrorKind::kMissing, "looking for the bundled model " + name, "it is in none of " + looked,
      "run ./run build, which fetches it, or set EVERFORM_MODELS to the folder that holds " + name + "/");
}

}  // namespace everform
