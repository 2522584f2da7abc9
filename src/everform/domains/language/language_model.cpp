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

LanguageModel load_language_model(const std::filesystem::path& path) {
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
  language.model = load_plain_model(*checkpoint);
  return language;
}

}  // namespace everform
