// everform evaluate: how good a decoder is on a text or on tasks; systems bring their own figures.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/domains/language/evaluation.h"

namespace everform {
namespace {

ActionResult run_evaluate(const Invocation& invocation) {
  const EvaluationRequest request = read_evaluation(invocation.options, invocation.common.seed);
  ActionResult result = evaluate(load_language_model(resolve_model_path(invocation.target)), request);
  write_evaluation(result.json, invocation.common.out);
  return result;
}

}  // namespace

Verb make_evaluate_verb() {
  return {
      .name = "evaluate",
      .help = "perplexity of a text and accuracy on tasks, each with its protocol; or a system's own figures",
      .example = "everform evaluate smollm2-135m-instruct --perplexity book.txt --window 1024 --stride 512",
      .target_help = "a decoder, a run folder, or a system's name",
      .options = evaluation_options(),
      .run = run_evaluate};
}

}  // namespace everform
