#include "everform/domains/language/engine_options.h"

#include "everform/core/base/error.h"

namespace everform {

std::vector<OptionSpec> engine_options() {
  using Type = OptionSpec::Type;
  return {
      {.name = "engine",
       .type = Type::kText,
       .value_name = "ENGINE",
       .help = "fast, or the plain float32 reference",
       .default_value = "fast",
       .choices = {"fast", "plain"}},
      {.name = "activations",
       .type = Type::kText,
       .value_name = "TYPE",
       .help =
           "numbers between quantized weights: int8, or f32 for the reference's (default: int8; plain: f32)",
       .choices = {"f32", "int8"}}};
}

LanguageModelOptions read_engine(const nlohmann::json& options) {
  const auto is = [&](const char* name, const char* text) {
    return options.contains(name) && options.at(name).is_string() &&
           options.at(name).get<std::string>() == text;
  };
  LanguageModelOptions choice;
  choice.engine =
      is("engine", "plain") ? LanguageModelOptions::Engine::kPlain : LanguageModelOptions::Engine::kFast;
  if (choice.engine == LanguageModelOptions::Engine::kPlain && is("activations", "int8")) {
    throw Error(ErrorKind::kUsage, "reading --activations",
                "int8 does not go with --engine plain, which is float32", "leave one of them out");
  }
  if (is("activations", "f32")) {
    choice.fast = reference_numbers(choice.fast);
  }
  return choice;
}

}  // namespace everform
