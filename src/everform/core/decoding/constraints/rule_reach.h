// What can be reached in a graph of rules.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {

/// Edges of a graph by the node that they begin at.
class OutgoingEdges {
 public:
  explicit OutgoingEdges(const RuleGraph& graph);
  std::span<const Edge> of(NodeId node) const {
    return std::span(edges_).subspan(first_[node], first_[node + 1] - first_[node]);
  }

 private:
  std::vector<Edge> edges_;
  std::vector<std::size_t> first_;
};

/// For each rule whether its end can be reached from its start, where a call may be passed if its rule's end
/// can. @param may_read whether a byte edge may be passed
std::vector<bool> finishable_rules(const RuleGraph& graph, const OutgoingEdges& edges,
                                   const std::function<bool(const Edge&)>& may_read);

/// For each node whether the end of its rule can be reached from it, calls of `finishable` rules included.
std::vector<bool> useful_nodes(const RuleGraph& graph, const std::vector<bool>& finishable,
                               const std::function<bool(const Edge&)>& may_read);

/// A rule that calls itself, perhaps through others, before a byte is read; rules().size() where there is
/// none.
RuleId find_left_recursion(const RuleGraph& graph);

}  // namespace everform::constraints
