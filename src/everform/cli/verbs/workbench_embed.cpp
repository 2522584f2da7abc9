// everform embed, the part that needs torch: sentence vectors of a BERT-like encoder.

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/workbench/models/sentence_encoder.h"

namespace everform {

namespace {

constexpr std::size_t kLargestTextFile = std::size_t{1} << 30;

void append_lines(const std::string& file, std::vector<std::string>& texts) {
  const std::string content = read_file(file, kLargestTextFile);
  std::size_t begin = 0;
  while (begin < content.size()) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    std::string line = content.substr(begin, end - begin);
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    texts.push_back(std::move(line));
    begin = end + 1;
  }
}

std::vector<std::string> texts_of(const Invocation& invocation) {
  std::vector<std::string> texts;
  if (invocation.has("text")) {
    texts = invocation.options.at("text").get<std::vector<std::string>>();
  }
  if (invocation.has("text-file")) {
    append_lines(invocation.text("text-file"), texts);
  }
  if (texts.empty()) {
    throw Error(ErrorKind::kUsage, "everform embed", "there is no text to embed",
                "give --text \"...\" or --text-file FILE with a text on each line");
  }
  return texts;
}

}  // namespace

ActionResult run_embed(const Invocation& invocation) {
  const std::vector<std::string> texts = texts_of(invocation);
  const std::filesystem::path folder = resolve_model_path(invocation.target);
  if (!std::filesystem::is_directory(folder)) {
    throw Error(ErrorKind::kBadInput, "reading " + folder.string(), "an encoder is a folder, this is a file",
                "name all-minilm-l6-v2 or a sentence-transformers folder");
  }
  const SentenceEncoder encoder(folder);
  const torch::Tensor embeddings = encoder.encode(texts).contiguous();
  nlohmann::json rows = nlohmann::json::array();
  std::string lines;
  for (std::int64_t i = 0; i < embeddings.size(0); ++i) {
    const float* row = embeddings.const_data_ptr<float>() + i * embeddings.size(1);
    rows.push_back(std::vector<float>(row, row + embeddings.size(1)));
    lines += rows.back().dump() + "\n";
  }
  return {.json = {{"embeddings", std::move(rows)}, {"width", encoder.width()}}, .text = lines};
}

}  // namespace everform
