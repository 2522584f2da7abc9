// everform analyse: what a decoder needs in memory and arithmetic, and how fast it runs here; systems bring
// their own studies.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/domains/language/decoder_analysis.h"

namespace everform {
namespace {

ActionResult run_analyse(const Invocation& invocation) {
  std::vector<std::string> models = {resolve_model_path(invocation.target).string()};
  models.insert(models.end(), invocation.files.begin(), invocation.files.end());
  return analyse_decoders(read_analysis(std::move(models), invocation.options, invocation.common.seed));
}

}  // namespace

Verb make_analyse_verb() {
  return {.name = "analyse",
          .help =
              "calculators of a decoder (parameters, bytes, cache, arithmetic, memory to tune it), or a "
              "system's studies",
          .example = "everform analyse smollm2-135m-instruct --context 2048",
          .target_help = "a decoder, a run folder, or a system's name",
          .options = analysis_options(),
          .run = run_analyse,
          .takes_files = true};
}

}  // namespace everform
