#include "everform/core/decoding/constraints/token_masks.h"

#include <algorithm>
#include <limits>

#include "everform/core/decoding/constraints/trie_walk.h"

namespace everform::constraints {
namespace {

constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

// What is left of the tokens below a node, where the text before it has left the rule.
void add_rests(const VocabularyTrie& vocabulary, std::size_t node, std::vector<TokenTrie::Entry>& rests) {
  const TokenTrie& trie = vocabulary.trie;
  const std::size_t depth = trie.depth(node);
  for (std::size_t below = node + 1; below < trie.skip(node); ++below) {
    for (const TokenId token : trie.tokens(below)) {
      rests.push_back(
          {std::string_view(vocabulary.bytes[static_cast<std::size_t>(token)]).substr(depth), token});
    }
  }
}

}  // namespace

void TokenSet::add(const TokenSet& other) {
  for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i) {
    words_[i] |= other.words_[i];
  }
}

bool TokenSet::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
}

void TokenSet::mask(std::span<float> logits) const {
  std::size_t out = 0;  // where a run of tokens that are all ruled out begins
  const auto rule_out_until = [&](std::size_t end) {
    std::fill(logits.begin() + static_cast<std::ptrdiff_t>(out),
              logits.begin() + static_cast<std::ptrdiff_t>(end), kRuledOut);
  };
  for (std::size_t begin = 0; begin < logits.size(); begin += 64) {
    const std::uint64_t word = begin / 64 < words_.size() ? words_[begin / 64] : 0;
    if (word == 0) {
      continue;
    }
    rule_out_until(begin);
    const std::size_t end = std::min(begin + 64, logits.size());
    for (std::size_t i = begin; i < end && ~word != 0; ++i) {
      logits[i] = (word >> (i - begin) & 1U) != 0 ? logits[i] : kRuledOut;
    }
    out = end;
  }
  rule_out_until(logits.size());
}

void TokenMasks::add_allowed(StackMachine& stacks, std::span<const Config> configs, TokenSet& allowed) const {
  for (const Config& config : configs) {
    const std::shared_ptr<const Local> here = local(config);
    allowed.add(here->many);
    for (const TokenId token : here->few) {
      allowed.add(token);
    }
    if (here->after_end.nodes() == 0 || config.frame == 0) {
      continue;
    }
    const StackMachine::Mark mark = stacks.mark();
    std::vector<Config> returns;
    stacks.leave(config.frame, returns);
    walk_trie(here->after_end, stacks, std::move(returns), [&](std::size_t node, auto, bool) {
      for (const TokenId token : here->after_end.tokens(node)) {
        allowed.add(token);
      }
      return true;
    });
    stacks.rewind(mark);
  }
}

std::shared_ptr<const TokenMasks::Local> TokenMasks::local(const Config& config) const {
  // One token moves a counter by as many steps as it has bytes at most: counts that are further than that
  // from the rule's bounds are alike.
  const auto longest = static_cast<std::uint32_t>(std::min<std::size_t>(vocabulary_->trie.longest(), 0xFFFF));
  const Machine::RuleInfo& rule = machine_->rule(machine_->state(config.state).rule);
  const std::uint64_t room = std::min(rule.max_count - config.count, longest);
  const std::uint64_t missing =
      config.count < rule.min_count ? std::min(rule.min_count - config.count, longest) : 0;
  const std::uint64_t key = (std::uint64_t{config.state} << 32U) | (room << 16U) | missing;
  {
    const std::lock_guard lock(mutex_);
    const auto known = locals_.find(key);
    if (known != locals_.end()) {
      return known->second;
    }
  }
  auto made = make_local(config);
  const std::lock_guard lock(mutex_);
  if (memory_ + made->memory > kMaxMemory) {
    locals_.clear();
    memory_ = 0;
  }
  if (locals_.try_emplace(key, made).second) {
    memory_ += made->memory;
  }
  return made;
}

bool TokenMasks::reads_all_below(const Config& config, std::size_t node) const {
  const Machine::State& state = machine_->state(config.state);
  const std::uint32_t most = machine_->rule(state.rule).max_count;
  return state.loops.holds(vocabulary_->below.bytes(node)) &&
         (most == Rule::kUnbounded || most - config.count >= vocabulary_->below.height(node));
}

std::shared_ptr<const TokenMasks::Local> TokenMasks::make_local(const Config& config) const {
  auto result = std::make_shared<Local>();
  std::vector<TokenTrie::Entry> rests;
  StackMachine stacks(*machine_);
  // The state's own calls and returns stand beside it in what the text can be read as.
  std::vector<Config> configs = {{config.state, config.count, 0}};
  const TokenTrie& trie = vocabulary_->trie;
  const std::size_t as_list = vocabulary_->bytes.size() / (8 * sizeof(TokenId));
  TokenSet tokens_in;
  tokens_in.reset(vocabulary_->bytes.size());
  walk_trie(trie, stacks, std::move(configs), [&](std::size_t node, std::span<const Config> here, bool ends) {
    const bool all = !ends && here.size() == 1 && reads_all_below(here[0], node);
    for (const TokenId token : all ? trie.tokens_from(node) : trie.tokens(node)) {
      tokens_in.add(token);
      if (result->few.size() <= as_list) {
        result->few.push_back(token);
      }
    }
    if (ends) {
      add_rests(*vocabulary_, node, rests);
    }
    return !all;
  });
  // Tokens that stay in the rule as well need not be tried again.
  std::erase_if(rests, [&](const TokenTrie::Entry& rest) { return tokens_in.contains(rest.token); });
  if (result->few.size() > as_list) {
    result->many = std::move(tokens_in);
    result->few = {};
  }
  result->after_end = TokenTrie(std::move(rests));
  result->few.shrink_to_fit();
  result->memory = sizeof(Local) + result->many.memory() + result->few.size() * sizeof(TokenId) +
                   result->after_end.memory();
  return result;
}

}  // namespace everform::constraints
