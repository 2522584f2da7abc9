// everform train: a system's training into a run folder. Every system brings its own.

#include "everform/cli/verb.h"
#include "everform/core/base/error.h"

namespace everform {
namespace {

// Systems have their own action; what comes here named none.
ActionResult refuse(const Invocation& invocation) {
  const std::string found = invocation.target.empty()
                                ? "no system is named"
                                : "\"" + printable(invocation.target, 60) + "\" is no system";
  throw Error(ErrorKind::kUsage, "everform train", found + ", and a training is a system's",
              "name one (everform list), or give --recipe FILE; a decoder is trained further by "
              "everform train open-gpt --model " +
                  (invocation.target.empty() ? "DIR" : printable(invocation.target, 60)));
}

}  // namespace

Verb make_train_verb() {
  return {.name = "train",
          .help = "trains a system into a run folder; goes on where it was stopped",
          .example = "everform train lifegpt --out runs/life --set training.steps=2000",
          .target = Verb::Target::kOptional,
          .target_help = "a system's name",
          .options = {{.name = "recipe",
                       .type = OptionSpec::Type::kPath,
                       .value_name = "FILE",
                       .help = "a recipe (TOML); its key `system` names the system"}},
          .system_options = {{.name = "recipe",
                              .type = OptionSpec::Type::kPath,
                              .value_name = "FILE",
                              .help = "a recipe (TOML) over the system's own"},
                             {.name = "data",
                              .type = OptionSpec::Type::kPath,
                              .value_name = "PATH",
                              .help = "training data in place of the recipe's"},
                             {.name = "resume",
                              .type = OptionSpec::Type::kFlag,
                              .help = "go on from the newest checkpoint in --out"}},
          .run = refuse};
}

}  // namespace everform
