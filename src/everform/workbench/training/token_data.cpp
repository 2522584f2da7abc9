#include "everform/workbench/training/token_data.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/crc32c.h"
#include "everform/core/io/safetensors.h"
#include "everform/workbench/training/permutation.h"

namespace everform {
namespace {

template <typename T>
std::vector<std::byte> narrowed(std::span<const TokenId> tokens) {
  std::vector<std::byte> bytes(tokens.size() * sizeof(T));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto token = static_cast<T>(tokens[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &token, sizeof(T));
  }
  return bytes;
}

template <typename T>
void widen(const TensorView& view, std::int64_t begin, std::span<std::int64_t> out) {
  const std::byte* data = view.data.data() + static_cast<std::size_t>(begin) * sizeof(T);
  for (std::size_t i = 0; i < out.size(); ++i) {
    T token = 0;
    std::memcpy(&token, data + i * sizeof(T), sizeof(T));
    out[i] = static_cast<std::int64_t>(token);
  }
}

ElementType token_type(std::int64_t vocabulary) {
  return vocabulary <= 256 ? ElementType::kU8 : vocabulary <= 32768 ? ElementType::kI16 : ElementType::kI32;
}

std::vector<std::byte> token_bytes(std::span<const TokenId> tokens, ElementType type) {
  switch (type) {
    case ElementType::kU8:
      return narrowed<std::uint8_t>(tokens);
    case ElementType::kI16:
      return narrowed<std::int16_t>(tokens);
    default:
      return narrowed<std::int32_t>(tokens);
  }
}

bool holds_tokens(ElementType type) {
  return type == ElementType::kU8 || type == ElementType::kI16 || type == ElementType::kI32;
}

}  // namespace

void write_token_file(const std::filesystem::path& path, std::span<const TokenId> tokens,
                      std::int64_t vocabulary, std::span<const std::uint8_t> mask) {
  const std::string where = "writing the token file " + path.string();
  const auto outside = std::find_if(tokens.begin(), tokens.end(),
                                    [&](TokenId token) { return token < 0 || token >= vocabulary; });
  if (outside != tokens.end()) {
    throw Error(ErrorKind::kBadInput, where,
                "token " + std::to_string(outside - tokens.begin()) + " is " + std::to_string(*outside) +
                    ", outside the vocabulary of " + std::to_string(vocabulary));
  }
  if (!mask.empty() && mask.size() != tokens.size()) {
    throw Error(ErrorKind::kBadInput, where,
                "the mask has " + std::to_string(mask.size()) + " entries for " +
                    std::to_string(tokens.size()) + " tokens");
  }
  const auto length = static_cast<std::int64_t>(tokens.size());
  const ElementType type = token_type(vocabulary);
  const std::vector<std::byte> bytes = token_bytes(tokens, type);
  std::vector<TensorToWrite> tensors{
      {"tokens", type, {length}, [&] { return std::span<const std::byte>(bytes); }}};
  if (!mask.empty()) {
    tensors.push_back({"mask", ElementType::kU8, {length}, [&] { return std::as_bytes(mask); }});
  }
  write_safetensors(path, tensors, {{"vocabulary", std::to_string(vocabulary)}});
}

TokenFile::TokenFile(const std::filesystem::path& path) : store_(open_safetensors(path)) {
  const std::string where = "opening the token file " + path.string();
  const auto refuse = [&](const std::string& message) {
    throw Error(ErrorKind::kBadInput, where, message,
                "write it with everform tokenize or a training's own --data");
  };
  tokens_ = store_->find("tokens");
  mask_ = store_->find("mask");
  if (tokens_ == nullptr || tokens_->shape.size() != 1 || !holds_tokens(tokens_->type)) {
    refuse("it has no vector \"tokens\" of type u8, i16 or i32");
  }
  size_ = tokens_->shape[0];
  if (mask_ != nullptr && (mask_->type != ElementType::kU8 || mask_->shape != tokens_->shape)) {
    refuse("its \"mask\" is no u8 vector as long as \"tokens\"");
  }
  const nlohmann::json& metadata = store_->metadata();
  const std::string text = metadata.contains("vocabulary") && metadata.at("vocabulary").is_string()
                               ? metadata.at("vocabulary").get<std::string>()
                               : "";
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), vocabulary_);
  if (code != std::errc() || end != text.data() + text.size() || vocabulary_ < 1 ||
      vocabulary_ > std::numeric_limits<TokenId>::max()) {
    refuse("its metadata do not say how large the vocabulary is");
  }
}

void TokenFile::read(std::int64_t begin, std::span<std::int64_t> out) const {
  if (begin < 0 || begin > size_ || static_cast<std::int64_t>(out.size()) > size_ - begin) {
    throw Error(ErrorKind::kFailed, "reading tokens", "the range is not in the file");
  }
  switch (tokens_->type) {
    case ElementType::kU8:
      widen<std::uint8_t>(*tokens_, begin, out);
      break;
    case ElementType::kI16:
      widen<std::int16_t>(*tokens_, begin, out);
      break;
    default:
      widen<std::int32_t>(*tokens_, begin, out);
  }
  for (const std::int64_t token : out) {
    if (token < 0 || token >= vocabulary_) {
      throw Error(ErrorKind::kBadInput, "reading tokens of " + store_->path().string(),
                  "it holds the token " + std::to_string(token) + ", outside its vocabulary of " +
                      std::to_string(vocabulary_),
                  "write the token file again");
    }
  }
}

void TokenFile::read_mask(std::int64_t begin, std::span<std::uint8_t> out) const {
  if (mask_ == nullptr || begin < 0 || begin > size_ ||
      static_cast<std::int64_t>(out.size()) > size_ - begin) {
    throw Error(ErrorKind::kFailed, "reading a token mask", "the range is not in the file");
  }
  std::memcpy(out.data(), mask_->data.data() + begin, out.size());
}

nlohmann::json TokenFile::identity() const {
  std::uint32_t checksum = crc32c(tokens_->data);
  if (mask_ != nullptr) {
    checksum = crc32c(mask_->data, checksum);
  }
  return {{"tokens", size_}, {"vocabulary", vocabulary_}, {"checksum", checksum}};
}

TokenDataSource::TokenDataSource(std::shared_ptr<const TokenFile> file, Options options)
    : file_(std::move(file)), options_(options) {
  const std::int64_t targets = file_->size() - 1;
  windows_ = targets / options_.context;
  if (windows_ < 1) {
    throw Error(ErrorKind::kBadInput, "reading training data",
                "there are " + std::to_string(file_->size()) + " tokens, and one window needs " +
                    std::to_string(options_.context + 1),
                "give more text, or a shorter context");
  }
  // One window less leaves at least a whole window of room for the borders to move from epoch to epoch.
  windows_ -= windows_ > 1 ? 1 : 0;
  identity_ = {{"file", file_->identity()},
               {"context", options_.context},
               {"batch", options_.batch},
               {"seed", options_.seed}};
}

nlohmann::json TokenDataSource::identity() const {
  return identity_;
}

Batch TokenDataSource::batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const {
  const std::int64_t context = options_.context;
  torch::Tensor windows = torch::empty({items, context + 1}, at::kLong);
  torch::Tensor mask = file_->has_mask() ? torch::empty({items, context}, at::kByte) : torch::Tensor();
  for (std::int64_t item = 0; item < items; ++item) {
    const std::int64_t position = step * options_.batch + first_item + item;
    const std::int64_t epoch = position / windows_;
    const Permutation order(static_cast<std::uint64_t>(windows_), options_.seed,
                            static_cast<std::uint64_t>(epoch));
    const auto window = static_cast<std::int64_t>(order(static_cast<std::uint64_t>(position % windows_)));
    RandomStream random(options_.seed, "window border", static_cast<std::uint64_t>(epoch));
    const std::int64_t room = file_->size() - 1 - windows_ * context;
    const auto border = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room) + 1));
    const std::int64_t begin = border + window * context;
    const auto length = static_cast<std::size_t>(context);
    file_->read(begin, {windows.data_ptr<std::int64_t>() + item * (context + 1), length + 1});
    if (mask.defined()) {
      file_->read_mask(begin + 1, {mask.data_ptr<std::uint8_t>() + item * context, length});
    }
  }
  Batch batch;
  batch.arrays["tokens"] = windows.narrow(1, 0, context).contiguous();
  batch.arrays["targets"] = windows.narrow(1, 1, context).contiguous();
  if (mask.defined()) {
    batch.arrays["mask"] = mask;
  }
  return batch;
}

}  // namespace everform
