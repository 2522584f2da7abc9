// everform evaluate: how good a decoder is on a text or on tasks; systems bring their own figures.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/domains/language/engine_options.h"
#include "everform/domains/language/evaluation.h"

namespace everform {
namespace {

ActionResult run_evaluate(const Invocation& invocation) {
  const EvaluationRequest request = read_evaluation(invocation.options, invocation.common.seed);
  const LanguageModelOptions engine = read_engine(invocation.options);
  ActionResult result = evaluate(load_language_model(resolve_model_path(invocation.target), engine), request);
  write_evaluation(result.json, invocation.common.out);
  return result;
}

std::vector<OptionSpec> options() {
  std::vector<OptionSpec> all = evaluation_options();
  for (OptionSpec& option : engine_options()) {
    all.push_back(std::move(option));
  }
  return all;
}

}  // namespace

Verb make_evaluate_verb() {
  return {
      .name = "evaluate",
      .help = "perplexity of a text and accuracy on tasks, each with its protocol; or a system's own figures",
      .example = "everform evaluate smollm2-135m-instruct --perplexity book.txt --window 1024 --stride 512",
      .target_help = "a decoder, a run folder, or a system's name",
      .options = options(),
      .run = run_evaluate};
}

}  // namespace everform
