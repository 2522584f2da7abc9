#include "everform/core/decoding/constraints/token_trie.h"

#include <algorithm>
#include <memory>
#include <mutex>

namespace everform::constraints {
namespace {

std::shared_ptr<const VocabularyTrie> make_trie(const Tokenizer& tokenizer) {
  auto vocabulary = std::make_shared<VocabularyTrie>();
  const std::size_t count = tokenizer.vocabulary_size();
  vocabulary->bytes.resize(count);
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<TokenId>(i);
    if (tokenizer.is_special(id)) {
      continue;
    }
    std::string& bytes = vocabulary->bytes[i];
    bytes = tokenizer.token_bytes(id);
    if (!bytes.empty()) {
      entries.push_back({bytes, id});
      vocabulary->spelled[static_cast<std::uint8_t>(bytes[0])] |= bytes.size() == 1;
    }
  }
  vocabulary->trie = TokenTrie(std::move(entries));
  vocabulary->below = SubtreeBytes(vocabulary->trie);
  return vocabulary;
}

}  // namespace

TokenTrie::TokenTrie(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end());
  first_token_.clear();
  std::vector<std::uint32_t> path;  // nodes from the first byte to the last entry's end
  std::string_view previous;
  const auto close = [&](std::size_t depth) {
    while (path.size() > depth) {
      skips_[path.back()] = static_cast<std::uint32_t>(bytes_.size());
      path.pop_back();
    }
  };
  for (const Entry& entry : entries) {
    const auto differ =
        std::mismatch(previous.begin(), previous.end(), entry.bytes.begin(), entry.bytes.end());
    const auto shared = static_cast<std::size_t>(differ.first - previous.begin());
    close(shared);
    for (std::size_t i = shared; i < entry.bytes.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(bytes_.size()));
      bytes_.push_back(static_cast<std::uint8_t>(entry.bytes[i]));
      depths_.push_back(static_cast<std::uint32_t>(i + 1));
      skips_.push_back(0);
      first_token_.push_back(static_cast<std::uint32_t>(tokens_.size()));
    }
    tokens_.push_back(entry.token);
    longest_ = std::max(longest_, entry.bytes.size());
    previous = entry.bytes;
  }
  close(0);
  first_token_.push_back(static_cast<std::uint32_t>(tokens_.size()));
}

std::size_t TokenTrie::memory() const {
  return bytes_.size() * (sizeof(std::uint8_t) + 3 * sizeof(std::uint32_t)) +
         tokens_.size() * sizeof(TokenId);
}

SubtreeBytes::SubtreeBytes(const TokenTrie& trie) : bytes_(trie.nodes()), heights_(trie.nodes(), 0) {
  for (std::size_t node = trie.nodes(); node-- > 0;) {
    for (std::size_t child = node + 1; child < trie.skip(node); child = trie.skip(child)) {
      bytes_[node].add(trie.byte(child));
      bytes_[node].add(bytes_[child]);
      heights_[node] = std::max(heights_[node], heights_[child] + 1);
    }
  }
}

std::shared_ptr<const VocabularyTrie> vocabulary_trie(const std::shared_ptr<const Tokenizer>& tokenizer) {
  struct Known {
    std::weak_ptr<const Tokenizer> tokenizer;
    std::shared_ptr<const VocabularyTrie> trie;
  };
  static std::mutex mutex;
  static std::vector<Known> known;
  const std::lock_guard lock(mutex);
  std::erase_if(known, [](const Known& entry) { return entry.tokenizer.expired(); });
  for (const Known& entry : known) {
    if (entry.tokenizer.lock() == tokenizer) {
      return entry.trie;
    }
  }
  known.push_back({tokenizer, make_trie(*tokenizer)});
  return known.back().trie;
}

}  // namespace everform::constraints
