// everform convert: a decoder between formats and precisions.

#include <algorithm>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/core/io/output_folder.h"

namespace everform {

namespace {

namespace fs = std::filesystem;

std::optional<ElementType> wanted_type(const Invocation& invocation) {
  return invocation.has("type") ? element_type_from_name(invocation.text("type")) : std::nullopt;
}

/// "smollm2-q4_0.gguf" in the working folder: the source's name and the type.
fs::path default_output(const Invocation& invocation, const fs::path& source, bool gguf) {
  const std::string stem =
      fs::is_directory(source)
          ? fs::absolute(source / "").lexically_normal().parent_path().filename().string()
          : source.stem().string();
  const std::string type = invocation.has("type") ? "-" + invocation.text("type") : "";
  return stem + type + (gguf ? ".gguf" : "-safetensors");
}

/// Writing over the source would destroy what is being read.
void check_output(const fs::path& source, const fs::path& out, bool overwrite) {
  const std::string where = "converting to " + out.string();
  std::error_code code;
  if (!fs::exists(out, code)) {
    return;
  }
  const fs::path from = fs::weakly_canonical(source, code);
  const fs::path to = fs::weakly_canonical(out, code);
  if (from == to || std::mismatch(to.begin(), to.end(), from.begin(), from.end()).first == to.end()) {
    throw Error(ErrorKind::kUsage, where, "that is the source itself, or holds it", "choose another --out");
  }
  if (fs::is_regular_file(out, code)) {
    refuse_existing_file(out, overwrite, where);
  }
}

ActionResult run_convert(const Invocation& invocation) {
  const bool gguf = invocation.text("to") == "gguf";
  const fs::path source = resolve_model_path(invocation.target);
  const fs::path out = invocation.common.out.empty() ? default_output(invocation, source, gguf)
                                                     : fs::path(invocation.common.out);
  check_output(source, out, invocation.common.yes);
  const std::unique_ptr<DecoderCheckpoint> decoder = open_decoder(source);
  const std::optional<ElementType> type = wanted_type(invocation);
  const WrittenModel written = gguf ? write_gguf_decoder(*decoder, type, out)
                                    : write_hf_folder(*decoder, type, out, invocation.common.yes);
  ActionResult result;
  result.json = {{"out", written.out.string()}, {"bytes", written.bytes}, {"tensors", written.tensors}};
  result.text = written.out.string() + ": " + std::to_string(written.tensors) + " tensors, " +
                format_bytes(static_cast<double>(written.bytes)) + "\n";
  return result;
}

}  // namespace

Verb make_convert_verb() {
  return {.name = "convert",
          .help = "writes a model in another format or precision",
          .example = "everform convert smollm2-135m-instruct --to gguf --type q8_0 --out smollm2-q8_0.gguf",
          .target = Verb::Target::kRequired,
          .target_help = "a GGUF file, a Hugging Face folder, a run folder or a bundled model",
          .options = {{.name = "to",
                       .type = OptionSpec::Type::kText,
                       .value_name = "FORMAT",
                       .help = "gguf (one file) or safetensors (a Hugging Face folder)",
                       .default_value = "gguf",
                       .choices = {"gguf", "safetensors"}},
                      {.name = "type",
                       .type = OptionSpec::Type::kText,
                       .value_name = "TYPE",
                       .help = "type of the weights; without it each tensor keeps its own",
                       .choices = {"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k",
                                   "q5_k", "q6_k"}}},
          .run = run_convert};
}

}  // namespace everform
