// everform embed, the part that needs torch: sentence vectors of a BERT-like encoder.

#include <cstdio>
#include <iostream>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
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

nlohmann::json rows_of(const torch::Tensor& embeddings) {
  nlohmann::json rows = nlohmann::json::array();
  for (std::int64_t i = 0; i < embeddings.size(0); ++i) {
    const float* row = embeddings.const_data_ptr<float>() + i * embeddings.size(1);
    rows.push_back(std::vector<float>(row, row + embeddings.size(1)));
  }
  return rows;
}

// What `serve` speaks with: a list of texts on a line, one object on a line. An error is its request's.
ActionResult work(const SentenceEncoder& encoder) {
  std::string line;
  while (std::getline(std::cin, line)) {
    nlohmann::json answer;
    try {
      const auto texts = parse_json(line, "reading a line of texts").get<std::vector<std::string>>();
      answer = {{"embeddings", rows_of(encoder.encode(texts).contiguous())}, {"width", encoder.width()}};
    } catch (const Error& error) {
      answer = error.to_json();
    } catch (const std::exception& error) {
      answer = Error(ErrorKind::kFailed, "everform embed", error.what()).to_json();
    }
    std::printf("%s\n", json_to_text(answer).c_str());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

ActionResult run_embed(const Invocation& invocation) {
  const std::vector<std::string> texts =
      invocation.flag("worker") ? std::vector<std::string>() : texts_of(invocation);
  const std::filesystem::path folder = resolve_model_path(invocation.target);
  if (!std::filesystem::is_directory(folder)) {
    throw Error(ErrorKind::kBadInput, "reading " + folder.string(), "an encoder is a folder, this is a file",
                "name all-minilm-l6-v2 or a sentence-transformers folder");
  }
  const SentenceEncoder encoder(folder);
  if (invocation.flag("worker")) {
    return work(encoder);
  }
  nlohmann::json rows = rows_of(encoder.encode(texts).contiguous());
  std::string lines;
  for (const nlohmann::json& row : rows) {
    lines += row.dump() + "\n";
  }
  return {.json = {{"embeddings", std::move(rows)}, {"width", encoder.width()}}, .text = lines};
}

}  // namespace everform
