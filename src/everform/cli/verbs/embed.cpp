// everform embed: texts to vectors. The workbench program does it.

#include "everform/cli/verb.h"

namespace everform {

Verb make_embed_verb() {
  return {.name = "embed",
          .help = "turns texts into vectors whose cosine says how alike they mean",
          .example = "everform embed all-minilm-l6-v2 --text \"a cat\" --text \"a kitten\" --json",
          .target_help = "an encoder: all-minilm-l6-v2 or a sentence-transformers folder",
          .options = {{.name = "text",
                       .type = OptionSpec::Type::kText,
                       .value_name = "TEXT",
                       .help = "a text; may be given several times",
                       .repeatable = true},
                      {.name = "text-file",
                       .type = OptionSpec::Type::kPath,
                       .value_name = "FILE",
                       .help = "a file with a text on each line"},
                      {.name = "worker",
                       .type = OptionSpec::Type::kFlag,
                       .help = "answers lists of texts, a JSON text a line, from stdin until its end"}},
          .dispatches_systems = false};
}

}  // namespace everform
