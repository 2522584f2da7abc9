#include "everform/domains/language/requested_model.h"

#include "everform/core/base/error.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/domains/language/decoder_analysis.h"
#include "everform/domains/language/language_model.h"

namespace everform {

std::string requested_model(const ActionRequest& request) {
  if (!request.model.empty()) {
    return request.model;
  }
  return request.files.empty() ? request.recipe.text("model.name") : request.files.front();
}

ActionResult convert_requested_model(const ActionRequest& request) {
  const std::filesystem::path source = find_language_model(requested_model(request));
  const bool gguf = request.text("to") == "gguf";
  const std::filesystem::path out = request.common.out;
  const std::string where = "everform convert " + request.card->name;
  std::error_code code;
  if (out.empty()) {
    throw Error(ErrorKind::kUsage, where, "--out is not given", "say where the model is to be written");
  }
  if (std::filesystem::equivalent(source, out, code) ||
      (gguf && std::filesystem::exists(out, code) && !request.common.yes)) {
    throw Error(ErrorKind::kUsage, where, out.string() + " is there already",
                "choose another --out, or add --yes where it is not the source");
  }
  const auto type = request.has("type") ? element_type_from_name(request.text("type")) : std::nullopt;
  const auto decoder = open_decoder(source);
  const WrittenModel written = gguf ? write_gguf_decoder(*decoder, type, out)
                                    : write_hf_folder(*decoder, type, out, request.common.yes);
  return {.json = {{"out", written.out.string()}, {"bytes", written.bytes}, {"tensors", written.tensors}},
          .text = written.out.string() + ": " + std::to_string(written.tensors) + " tensors\n"};
}

ActionResult analyse_requested_models(const ActionRequest& request) {
  std::vector<std::string> models = request.files;
  if (models.empty()) {
    models.push_back(requested_model(request));
  }
  return analyse_decoders(read_analysis(std::move(models), request.options, request.common.seed));
}

}  // namespace everform
