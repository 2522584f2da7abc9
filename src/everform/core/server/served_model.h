// A decoder as the server holds it: what is needed to answer with it, whatever it was loaded from.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/decoding/step_model.h"
#include "everform/core/server/output_form.h"

namespace everform::server {

struct ServedModel {
  std::shared_ptr<const StepModel> model;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<TokenId> text_ends;            ///< tokens that end a text
  std::vector<TokenId> turn_ends;            ///< tokens that end an answer of a chat
  std::optional<std::string> chat_template;  ///< without one there are no chats
  nlohmann::ordered_json facts;              ///< for /v1/models and the studio
  FormCompiler compile_form;                 ///< empty: no answer can be held to a form
};

/// Called once on a thread of its own. What it throws ends the server.
using ModelLoader = std::function<ServedModel()>;

}  // namespace everform::server
