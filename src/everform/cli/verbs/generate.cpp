// everform generate: text of a decoder; a system's name goes to the system's own samples.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/domains/language/engine_options.h"
#include "everform/domains/language/text_generation.h"

namespace everform {
namespace {

ActionResult run_generate(const Invocation& invocation) {
  return generate_text(invocation.options, invocation.common, [&, engine = read_engine(invocation.options)] {
    return load_language_model(resolve_model_path(invocation.target), engine);
  });
}

}  // namespace

Verb make_generate_verb() {
  return {.name = "generate",
          .help = "continues a text, token by token; or draws a system's samples",
          .example =
              "everform generate smollm2-135m-instruct --prompt \"The capital of France is\" --temperature 0 "
              "--max-tokens 16",
          .target_help = "a decoder, a run folder, or a system's name",
          .options = generate_options(),
          .run = run_generate};
}

}  // namespace everform
