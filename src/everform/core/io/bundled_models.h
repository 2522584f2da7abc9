// Models that come with the installation, by name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace everform {

struct BundledModel {
  std::string name;  ///< as typed
  std::string title;
  std::string kind;  ///< "decoder" or "encoder"
  std::string file;  ///< inside its folder; "" for the folder itself
};

const std::vector<BundledModel>& bundled_models();

/// Where a bundled model lies: $EVERFORM_MODELS, then the installation (../share/everform/models beside the
/// program), then
/// ${EVERFORM_CACHE:-~/.cache/everform}/models. Nothing where `name` is no bundled model.
/// Throws Error{kMissing} where it is one but lies in none of these places.
std::optional<std::filesystem::path> find_bundled_model(const std::string& name);

}  // namespace everform
