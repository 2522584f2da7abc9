#include "everform/core/decoding/constraints/rule_graph.h"

#include "everform/core/base/error.h"

namespace everform::constraints {

void RuleGraph::too_large(std::size_t limit, const char* what) const {
  throw Error(ErrorKind::kUsage, where_, "it takes more than " + std::to_string(limit) + " " + what,
              "use smaller bounds of repetition, fewer alternatives or a smaller form");
}

NodeId RuleGraph::add_node() {
  if (nodes_ >= kMaxNodes) {
    too_large(kMaxNodes, "nodes");
  }
  return static_cast<NodeId>(nodes_++);
}

void RuleGraph::add_edge(const Edge& edge) {
  if (edges_.size() >= kMaxEdges) {
    too_large(kMaxEdges, "edges");
  }
  edges_.push_back(edge);
}

void RuleGraph::link(NodeId from, NodeId to) {
  add_edge({.from = from, .to = to});
}

void RuleGraph::read(NodeId from, ByteRange bytes, NodeId to, CountAction action) {
  add_edge({.from = from, .to = to, .kind = Edge::Kind::kBytes, .action = action, .bytes = bytes});
}

void RuleGraph::call(NodeId from, RuleId rule, NodeId to) {
  add_edge({.from = from, .to = to, .kind = Edge::Kind::kCall, .rule = rule});
}

Fragment RuleGraph::empty() {
  const NodeId node = add_node();
  return {node, node};
}

Fragment RuleGraph::literal(std::string_view bytes) {
  Fragment fragment = empty();
  for (const char byte : bytes) {
    const NodeId next = add_node();
    const auto value = static_cast<std::uint8_t>(byte);
    read(fragment.end, {value, value}, next);
    fragment.end = next;
  }
  return fragment;
}

Fragment RuleGraph::characters(const CodePointSet& set, CountAction action) {
  const Fragment fragment{add_node(), add_node()};
  // Sequences that go on alike share their nodes.
  std::map<std::vector<ByteRange>, NodeId> rests;
  const auto node_of = [&](const auto& self, std::span<const ByteRange> rest) -> NodeId {
    if (rest.empty()) {
      return fragment.end;
    }
    const auto [at, is_new] = rests.try_emplace({rest.begin(), rest.end()}, 0);
    if (is_new) {
      at->second = add_node();
      const NodeId from = at->second;
      read(from, rest[0], self(self, rest.subspan(1)));
    }
    return rests.at({rest.begin(), rest.end()});
  };
  for (const CodePointRange& range : set.ranges()) {
    each_utf8_sequence(range, [&](std::span<const ByteRange> bytes) {
      read(fragment.start, bytes[0], node_of(node_of, bytes.subspan(1)), action);
    });
  }
  return fragment;
}

Fragment RuleGraph::call(RuleId rule) {
  const Fragment fragment{add_node(), add_node()};
  call(fragment.start, rule, fragment.end);
  return fragment;
}

Fragment RuleGraph::sequence(const std::vector<Fragment>& parts) {
  if (parts.empty()) {
    return empty();
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    link(parts[i - 1].end, parts[i].start);
  }
  return {parts.front().start, parts.back().end};
}

Fragment RuleGraph::choice(const std::vector<Fragment>& parts) {
  const Fragment fragment{add_node(), add_node()};
  for (const Fragment& part : parts) {
    link(fragment.start, part.start);
    link(part.end, fragment.end);
  }
  return fragment;
}

Fragment RuleGraph::optional(Fragment part) {
  return choice({part, empty()});
}

Fragment RuleGraph::star(Fragment part) {
  const Fragment fragment{add_node(), add_node()};
  link(fragment.start, part.start);
  link(part.end, fragment.start);
  link(fragment.start, fragment.end);
  return fragment;
}

Fragment RuleGraph::repeat(const std::function<Fragment()>& make, std::uint32_t min, std::uint32_t max) {
  Fragment fragment = empty();
  const auto append = [&](Fragment part) {
    link(fragment.end, part.start);
    fragment.end = part.end;
  };
  for (std::uint32_t i = 0; i < min; ++i) {
    append(make());
  }
  if (max == Rule::kUnbounded) {
    append(star(make()));
    return fragment;
  }
  const NodeId end = add_node();
  for (std::uint32_t i = min; i < max; ++i) {
    link(fragment.end, end);
    append(make());
  }
  link(fragment.end, end);
  return {fragment.start, end};
}

RuleId RuleGraph::add_rule(std::string name) {
  if (rules_.size() >= kMaxRules) {
    too_large(kMaxRules, "rules");
  }
  rules_.push_back({.name = std::move(name), .body = {}, .min_count = 0});
  return static_cast<RuleId>(rules_.size() - 1);
}

void RuleGraph::define(RuleId rule, Fragment body, std::uint32_t min_count, std::uint32_t max_count) {
  rules_[rule].body = body;
  rules_[rule].min_count = min_count;
  rules_[rule].max_count = max_count;
}

}  // namespace everform::constraints
