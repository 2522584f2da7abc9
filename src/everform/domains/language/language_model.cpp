#include "everform/domains/language/language_model.h"

#include "everform/core/base/error.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/io/bundled_models.h"
#include "everform/core/io/decoder_checkpoint.h"

namespace everform {

std::filesystem::path find_language_model(const std::string& name) {
  if (const auto bundled = find_bundled_model(name)) {
    return *bundled;
  }
  std::error_code code;
  if (name.empty() || !std::filesystem::exists(name, code)) {
    throw Error(ErrorKind::kMissing, "looking for the model", "there is no \"" + printable(name) + "\"",
                "name a bundled model, a GGUF file or a Hugging Face folder");
  }
  return name;
}

namespace {

std::string numbers_of(const FastModel& model) {
  const FastModelOptions& options = model.options();
  const char* cache = options.cache == KvPrecision::kFloat32    ? "float32"
                      : options.cache == KvPrecision::kBFloat16 ? "bfloat16"
                                                                : "8-bit";
  return std::string("weights as stored, ") +
         (options.activations == ActivationPrecision::kInt8 ? "int8 activations between quantized weights, "
                                                            : "float32 activations, ") +
         cache + " cache";
}

}  // namespace

LanguageModel load_language_model(const std::filesystem::path& path, const LanguageModelOptions& options) {
  const std::unique_ptr<DecoderCheckpoint> checkpoint = open_decoder(path);
  LanguageModel language;
  language.path = path;
  language.config = checkpoint->config();
  language.tokenizer = load_tokenizer(path);
  if (language.tokenizer->vocabulary_size() > static_cast<std::size_t>(language.config.vocabulary)) {
    throw Error(ErrorKind::kBadInput, "loading " + path.string(),
                "the tokenizer has " + std::to_string(language.tokenizer->vocabulary_size()) +
                    " ids, the model " + std::to_string(language.config.vocabulary),
                "they do not belong together");
  }
  if (options.engine == LanguageModelOptions::Engine::kFast) {
    const std::shared_ptr<const FastModel> fast = load_fast_model(*checkpoint, options.fast);
    language.numbers = numbers_of(*fast);
    language.model = fast;
  } else {
    language.model = load_plain_model(*checkpoint);
  }
  return language;
}

}  // namespace everform
