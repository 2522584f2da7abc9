#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/tensor_store.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform {

namespace {

using std::filesystem::path;
using text::TokenizerParts;
using text::TokenizerSettings;

constexpr std::size_t kLargestFile = std::size_t{512} << 20;

std::string where_of(const path& file) {
  return "reading the vocabulary " + file.string();
}

// What a folder's vocabulary may be called, best first.
constexpr std::array<const char*, 8> kNames = {
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "encoder.json",   "vocab.json",      "vocab.txt",    "bpe_simple_vocab_16e6.txt.gz"};

path find_in_folder(const path& folder) {
  for (const char* name : kNames) {
    if (std::filesystem::exists(folder / name)) {
      return folder / name;
    }
  }
  std::vector<path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".gguf" || extension == ".tiktoken") {
      others.push_back(entry.path());
    }
  }
  if (others.size() == 1) {
    return others.front();
  }
  throw Error(ErrorKind::kMissing, "looking for a vocabulary in " + folder.string(),
              others.empty() ? "there is no tokenizer.json, tokenizer.model, encoder.json, vocab.json, "
                               "vocab.txt, .tiktoken or GGUF file"
                             : "there are several GGUF or .tiktoken files",
              others.empty() ? "" : "name the file");
}

std::string unzip(const path& file) {
  std::string out;
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> stream(gzopen(file.c_str(), "rb"), gzclose);
  std::array<char, 65536> block{};
  int got = 0;
  while (stream && (got = gzread(stream.get(), block.data(), block.size())) > 0) {
    out.append(block.data(), static_cast<std::size_t>(got));
    if (out.size() > kLargestFile) {
      throw Error(ErrorKind::kBadInput, where_of(file), "it unpacks to more than 512 MiB");
    }
  }
  int status = Z_OK;
  if (stream) {
    gzerror(stream.get(), &status);  // a file that ends too soon reads like one that ends
  }
  if (!stream || got < 0 || status != Z_OK) {
    throw Error(ErrorKind::kBadInput, where_of(file), "it is no whole gzip file");
  }
  return out;
}

bool looks_like_ranks(const std::string& bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::size_t space = bytes.find(' ');
  return end < bytes.size() && space != std::string::npos && space > 0 && space + 1 < end &&
         std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(space) + 1,
                     bytes.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return (c >= '0' && c <= '9') || c == '\r'; });
}

bool looks_like_clip(const std::string& bytes) {
  return bytes.substr(0, std::min(bytes.find('\n'), bytes.size())).find("bpe_simple_vocab") !=
         std::string::npos;
}

// The merges that belong to a file of pieces, and the other way round.
path companion(const path& file, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::filesystem::exists(file.parent_path() / name)) {
      return file.parent_path() / name;
    }
  }
  throw Error(ErrorKind::kMissing, where_of(file),
              std::string("there is no ") + *names.begin() + " beside it");
}

TokenizerParts read_pieces(const path& pieces, const path& merges, const TokenizerSettings& settings) {
  return text::read_piece_files(read_json_file(pieces), read_file(merges, kLargestFile), settings,
                                where_of(pieces));
}

void take_settings(const TokenizerSettings& settings, TokenizerParts& parts) {
  const auto find = [&](const std::optional<std::string>& piece) -> std::optional<TokenId> {
    const text::AddedToken* token = piece ? parts.added.find(std::string_view(*piece)) : nullptr;
    return token != nullptr ? std::optional(token->id)
           : piece          ? parts.vocabulary->find_any(*piece)
                            : std::nullopt;
  };
  if (const auto bos = find(settings.bos)) {
    parts.bos = bos;
  }
  if (const auto eos = find(settings.eos)) {
    parts.eos = eos;
  }
  if (settings.chat_template) {
    parts.chat_template = settings.chat_template;
  }
}

TokenizerParts read_json_vocabulary(const path& file, const std::string& bytes,
                                    const TokenizerSettings& settings) {
  const nlohmann::json json = parse_json(bytes, where_of(file));
  if (json.is_object() && json.contains("model") && json["model"].is_object()) {
    return text::read_tokenizer_json(json, where_of(file));
  }
  return text::read_piece_files(json, read_file(companion(file, {"vocab.bpe", "merges.txt"}), kLargestFile),
                                settings, where_of(file));
}

std::shared_ptr<Tokenizer> make(TokenizerParts parts, const TokenizerSettings& settings) {
  take_settings(settings, parts);
  return std::make_shared<text::PipelineTokenizer>(std::move(parts));
}

std::shared_ptr<Tokenizer> load_file(const path& file) {
  const std::string where = where_of(file);
  const std::string name = file.filename().string();
  const std::string extension = file.extension().string();
  if (extension == ".gguf") {
    return make(text::read_gguf_vocabulary(open_tensor_store(file)->metadata(), where), {});
  }
  if (extension == ".safetensors") {
    return load_file(find_in_folder(file.parent_path()));
  }
  std::string bytes = read_file(file, kLargestFile);
  if (bytes.starts_with("GGUF")) {
    return make(text::read_gguf_vocabulary(open_tensor_store(file)->metadata(), where), {});
  }
  const TokenizerSettings settings = text::read_tokenizer_settings(file.parent_path());
  if (bytes.starts_with("\x1f\x8b")) {
    bytes = unzip(file);
  }
  if (looks_like_clip(bytes)) {
    return make(text::read_clip_merges(bytes, where), {});
  }
  if (const std::size_t first = bytes.find_first_not_of(" \t\r\n");
      first != std::string::npos && bytes[first] == '{') {
    return make(read_json_vocabulary(file, bytes, settings), settings);
  }
  if (name == "vocab.bpe" || name == "merges.txt") {
    return make(read_pieces(companion(file, {"encoder.json", "vocab.json"}), file, settings), settings);
  }
  if (extension == ".tiktoken" || looks_like_ranks(bytes)) {
    return make(text::read_tiktoken_ranks(bytes, where), settings);
  }
  if (extension == ".txt") {
    return make(text::read_wordpiece_list(bytes, settings, where), settings);
  }
  if (extension == ".model") {
    return text::read_sentencepiece_model(bytes, settings, where);
  }
  throw Error(
      ErrorKind::kBadInput, where, "it is no vocabulary that Everform knows",
      "GGUF, tokenizer.json, tokenizer.model, encoder.json, .tiktoken, vocab.txt and CLIP's merges are");
}

}  // namespace

std::shared_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorKind::kMissing, where_of(path), "there is no such file or folder");
  }
  return load_file(std::filesystem::is_directory(status) ? find_in_folder(path) : path);
}

}  // namespace everform
