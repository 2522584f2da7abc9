// everform reproduce: a system's headline effect against its baseline, in one run. Every system brings its
// own.

#include "everform/cli/verb.h"

namespace everform {

Verb make_reproduce_verb() {
  return {.name = "reproduce",
          .help = "a system's claims against their baselines, in one run; writes a report folder",
          .example = "everform reproduce lifegpt --quick",
          .target_help = "a system's name",
          .system_options = {{.name = "quick",
                              .type = OptionSpec::Type::kFlag,
                              .help = "minutes instead of the full run: the direction only"}}};
}

}  // namespace everform
