// A decoder with its tokenizer, as one loads them to talk to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "everform/core/decoding/engine/fast_model.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/recipes/transformer_config.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

struct LanguageModel {
  std::filesystem::path path;
  TransformerConfig config;
  std::shared_ptr<const StepModel> model;
  std::shared_ptr<const Tokenizer> tokenizer;
  /// In what numbers it computes, for the protocol of an evaluation.
  std::string numbers = "float32 weights";
};

/// What runs a decoder. Without more said it is the plain float32 path, the reference.
struct LanguageModelOptions {
  enum class Engine { kPlain, kFast };
  Engine engine = Engine::kPlain;
  FastModelOptions fast;  ///< of the fast engine
};

/// The path of a model named by a bundled model's name, a file or a folder. Throws Error{kMissing} where
/// there is none.
std::filesystem::path find_language_model(const std::string& name);

/// Loads a GGUF file, a Hugging Face folder or a run folder. Throws Error{kBadInput} where the tokenizer has
/// ids that the model lacks.
LanguageModel load_language_model(const std::filesystem::path& path,
                                  const LanguageModelOptions& options = {});

}  // namespace everform
