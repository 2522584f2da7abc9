// The form that an answer's text must have, as requests name it.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/decoding/constraints/constraint.h"

namespace everform::server {

struct OutputForm {
  enum class Kind { kJson, kSchema, kRegex, kGrammar } kind = Kind::kJson;
  nlohmann::ordered_json schema;  ///< kSchema
  std::string text;               ///< the expression or the grammar
};

/// Compiles a form. Throws Error{kUsage} saying what in it is not supported.
using FormCompiler =
    std::function<std::shared_ptr<const Constraint>(const OutputForm&, const ConstraintVocabulary&)>;

}  // namespace everform::server
