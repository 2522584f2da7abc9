// What the card and the composition of open-gpt share. Torch-free.
#pragma once

#include <string>

#include "everform/core/recipes/action_request.h"

namespace everform::open_gpt {

/// The model that a request is about: --model, else the first file, else the recipe's.
inline std::string model_name(const ActionRequest& request) {
  if (!request.model.empty()) {
    return request.model;
  }
  return request.files.empty() ? request.recipe.text("model.name") : request.files.front();
}

}  // namespace everform::open_gpt
