// Tries all tokens of a trie on a machine, each common beginning once.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "everform/core/decoding/constraints/stack_machine.h"
#include "everform/core/decoding/constraints/token_trie.h"

namespace everform::constraints {

/// Calls visit(node, configs, ends) for every node of the trie whose bytes can be read from `configs` (which
/// have what is reachable without reading already): what they can be read as, and whether the text may end
/// there. Nodes below are left out where reading cannot go on or the visit says false. `stacks` is as before
/// afterwards.
template <typename Visit>
void walk_trie(const TokenTrie& trie, StackMachine& stacks, std::vector<Config> configs, const Visit& visit) {
  struct Level {
    std::size_t begin = 0;
    std::size_t end = 0;
    StackMachine::Mark mark;
  };
  std::vector<Level> levels(trie.longest() + 1);
  levels[0] = {0, configs.size(), stacks.mark()};
  for (std::size_t node = 0; node < trie.nodes();) {
    const std::size_t depth = trie.depth(node);
    const Level& parent = levels[depth - 1];
    configs.resize(parent.end);
    stacks.rewind(parent.mark);
    const bool ends = stacks.read(configs, parent.begin, parent.end, trie.byte(node));
    const bool goes_on = configs.size() > parent.end;
    levels[depth] = {parent.end, configs.size(), stacks.mark()};
    const bool below =
        (goes_on || ends) && visit(node, std::span<const Config>(configs).subspan(parent.end), ends);
    node = goes_on && below ? node + 1 : trie.skip(node);
  }
  stacks.rewind(levels[0].mark);
}

}  // namespace everform::constraints
