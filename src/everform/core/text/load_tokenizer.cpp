#include <filesystem>

#include "everform/core/base/error.h"
#include "everform/core/io/tensor_store.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform {

std::shared_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  const std::string where = "reading the vocabulary of " + path.string();
  return std::make_shared<text::PipelineTokenizer>(
      text::read_gguf_vocabulary(open_tensor_store(path)->metadata(), where));
}

}  // namespace everform
