#include "everform/core/decoding/constraints/string_language.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "everform/core/decoding/constraints/machine.h"

namespace everform::constraints {
namespace {

ByteSet all_bytes() {
  ByteSet bytes;
  bytes.fill(true);
  return bytes;
}

// The automaton of one pattern: it calls nothing.
Machine automaton(const std::string& where, const Pattern& pattern) {
  RuleGraph graph(where);
  const RuleId rule = graph.add_rule("pattern");
  graph.define(rule, add_pattern(graph, pattern, Spelling::kJsonString, true));
  return compile_machine(graph, rule, all_bytes());
}

// The excluded strings as a tree of bytes.
class Names {
 public:
  static constexpr std::size_t kOther = 0;  ///< not the beginning of a name any more
  static constexpr std::size_t kRoot = 1;

  explicit Names(const std::vector<std::string>& names) : nodes_(2) {
    for (const std::string& name : names) {
      std::size_t at = kRoot;
      for (const char byte : json_spelling(name)) {
        const auto [next, is_new] =
            nodes_[at].next.try_emplace(static_cast<std::uint8_t>(byte), nodes_.size());
        at = next->second;
        if (is_new) {
          nodes_.emplace_back();
        }
      }
      nodes_[at].is_name = true;
    }
  }

  std::size_t step(std::size_t at, std::uint8_t byte) const {
    const auto next = nodes_[at].next.find(byte);
    return next == nodes_[at].next.end() ? kOther : next->second;
  }
  bool is_name(std::size_t at) const { return nodes_[at].is_name; }

 private:
  struct Node {
    std::map<std::uint8_t, std::size_t> next;
    bool is_name = false;
  };
  std::vector<Node> nodes_;
};

class Product {
 public:
  Product(RuleGraph& graph, const StringLanguage& language)
      : graph_(graph),
        language_(language),
        machine_(automaton(graph.where(), language.pattern)),
        names_(language.excluded),
        end_(graph.add_node()) {}

  Fragment build() {
    const NodeId start = node_of({machine_.start(), Names::kRoot, 0});
    while (!open_.empty()) {
      const auto [place, node] = open_.back();
      open_.pop_back();
      add_edges(place, node);
    }
    return {start, end_};
  }

 private:
  using Place = std::tuple<StateId, std::size_t, std::uint32_t>;  // state, node of the names, characters

  NodeId node_of(const Place& place) {
    const auto [known, is_new] = nodes_.try_emplace(place, 0);
    if (is_new) {
      known->second = graph_.add_node();
      const auto& [state, name, count] = place;
      if (machine_.state(state).accepting && !names_.is_name(name) && count >= language_.min_length) {
        graph_.link(known->second, end_);
      }
      open_.push_back({place, known->second});
    }
    return known->second;
  }

  void add_edges(const Place& place, NodeId from) {
    const auto& [state, name, count] = place;
    std::size_t byte = 0;
    while (byte < 256) {
      const auto next = next_place(state, name, count, static_cast<std::uint8_t>(byte));
      std::size_t last = byte;
      // Neighbouring bytes that lead to the same place are one edge.
      while (last + 1 < 256 && next_place(state, name, count, static_cast<std::uint8_t>(last + 1)) == next) {
        ++last;
      }
      if (next.second) {
        graph_.read(from, {static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(last)},
                    node_of(next.first));
      }
      byte = last + 1;
    }
  }

  // Where a byte leads, and whether it fits.
  std::pair<Place, bool> next_place(StateId state, std::size_t name, std::uint32_t count,
                                    std::uint8_t byte) const {
    const Machine::Step step = machine_.step(state, byte);
    if (!step.found) {
      return {};
    }
    if (step.action == CountAction::kCount) {
      if (count >= language_.max_length) {
        return {};
      }
      count =
          language_.max_length == Rule::kUnbounded ? std::min(count + 1, language_.min_length) : count + 1;
    }
    return {Place{step.state, names_.step(name, byte), count}, true};
  }

  RuleGraph& graph_;
  const StringLanguage& language_;
  Machine machine_;
  Names names_;
  NodeId end_;
  std::map<Place, NodeId> nodes_;
  std::vector<std::pair<Place, NodeId>> open_;
};

}  // namespace

Fragment add_strings(RuleGraph& graph, const StringLanguage& language) {
  const bool bounded = language.min_length > 0 || language.max_length != Rule::kUnbounded;
  if (!bounded && language.excluded.empty()) {
    return add_pattern(graph, language.pattern, Spelling::kJsonString, false);
  }
  return Product(graph, language).build();
}

}  // namespace everform::constraints
