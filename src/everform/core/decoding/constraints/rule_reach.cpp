#include "everform/core/decoding/constraints/rule_reach.h"

namespace everform::constraints {
namespace {

// Marks nodes reached from the starts of rules; a call edge waits until its rule is known to end.
class Reach {
 public:
  Reach(const RuleGraph& graph, const OutgoingEdges& edges, const std::function<bool(const Edge&)>& may_read)
      : edges_(edges), may_read_(may_read), reached_(graph.nodes(), false), ends_(graph.nodes()) {
    const auto& rules = graph.rules();
    finishable_.assign(rules.size(), false);
    waiting_.resize(rules.size());
    for (RuleId rule = 0; rule < rules.size(); ++rule) {
      ends_[rules[rule].body.end].push_back(rule);
    }
    for (const Rule& rule : rules) {
      mark(rule.body.start);
    }
    while (!open_.empty()) {
      const NodeId node = open_.back();
      open_.pop_back();
      visit(node);
    }
  }

  const std::vector<bool>& finishable() const { return finishable_; }

 private:
  void mark(NodeId node) {
    if (!reached_[node]) {
      reached_[node] = true;
      open_.push_back(node);
    }
  }

  void visit(NodeId node) {
    for (const RuleId rule : ends_[node]) {
      finishable_[rule] = true;
      for (const NodeId next : waiting_[rule]) {
        mark(next);
      }
      waiting_[rule].clear();
    }
    for (const Edge& edge : edges_.of(node)) {
      if (edge.kind == Edge::Kind::kCall && !finishable_[edge.rule]) {
        waiting_[edge.rule].push_back(edge.to);
      } else if (edge.kind != Edge::Kind::kBytes || may_read_(edge)) {
        mark(edge.to);
      }
    }
  }

  const OutgoingEdges& edges_;
  const std::function<bool(const Edge&)>& may_read_;
  std::vector<bool> reached_;
  std::vector<std::vector<RuleId>> ends_;
  std::vector<bool> finishable_;
  std::vector<std::vector<NodeId>> waiting_;
  std::vector<NodeId> open_;
};

}  // namespace

OutgoingEdges::OutgoingEdges(const RuleGraph& graph) : first_(graph.nodes() + 1, 0) {
  for (const Edge& edge : graph.edges()) {
    ++first_[edge.from + 1];
  }
  for (std::size_t node = 0; node < graph.nodes(); ++node) {
    first_[node + 1] += first_[node];
  }
  std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
  edges_.resize(graph.edges().size());
  for (const Edge& edge : graph.edges()) {
    edges_[next[edge.from]++] = edge;
  }
}

std::vector<bool> finishable_rules(const RuleGraph& graph, const OutgoingEdges& edges,
                                   const std::function<bool(const Edge&)>& may_read) {
  return Reach(graph, edges, may_read).finishable();
}

std::vector<bool> useful_nodes(const RuleGraph& graph, const std::vector<bool>& finishable,
                               const std::function<bool(const Edge&)>& may_read) {
  std::vector<std::vector<NodeId>> from(graph.nodes());
  for (const Edge& edge : graph.edges()) {
    const bool passable = edge.kind == Edge::Kind::kCall    ? finishable[edge.rule]
                          : edge.kind == Edge::Kind::kBytes ? may_read(edge)
                                                            : true;
    if (passable) {
      from[edge.to].push_back(edge.from);
    }
  }
  std::vector<bool> useful(graph.nodes(), false);
  std::vector<NodeId> open;
  const auto mark = [&](NodeId node) {
    if (!useful[node]) {
      useful[node] = true;
      open.push_back(node);
    }
  };
  for (const Rule& rule : graph.rules()) {
    mark(rule.body.end);
  }
  while (!open.empty()) {
    const NodeId node = open.back();
    open.pop_back();
    for (const NodeId previous : from[node]) {
      mark(previous);
    }
  }
  return useful;
}

RuleId find_left_recursion(const RuleGraph& graph) {
  const OutgoingEdges edges(graph);
  const std::vector<bool> nullable = finishable_rules(graph, edges, [](const Edge&) { return false; });
  const auto count = static_cast<RuleId>(graph.rules().size());
  // [rule]: rules that it calls before a byte is read.
  std::vector<std::vector<RuleId>> first(count);
  std::vector<bool> seen(graph.nodes(), false);
  for (RuleId rule = 0; rule < count; ++rule) {
    std::vector<NodeId> open = {graph.rules()[rule].body.start};
    while (!open.empty()) {
      const NodeId node = open.back();
      open.pop_back();
      if (seen[node]) {
        continue;
      }
      seen[node] = true;
      for (const Edge& edge : edges.of(node)) {
        if (edge.kind == Edge::Kind::kCall) {
          first[rule].push_back(edge.rule);
        }
        if (edge.kind == Edge::Kind::kEpsilon || (edge.kind == Edge::Kind::kCall && nullable[edge.rule])) {
          open.push_back(edge.to);
        }
      }
    }
  }
  // Taking away rules that call none of those left (Kahn's order) leaves the cycles and what leads to them.
  std::vector<std::vector<RuleId>> callers(count);
  std::vector<std::size_t> calls(count, 0);
  for (RuleId rule = 0; rule < count; ++rule) {
    for (const RuleId callee : first[rule]) {
      callers[callee].push_back(rule);
      ++calls[rule];
    }
  }
  std::vector<RuleId> done;
  for (RuleId rule = 0; rule < count; ++rule) {
    if (calls[rule] == 0) {
      done.push_back(rule);
    }
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    for (const RuleId caller : callers[done[i]]) {
      if (--calls[caller] == 0) {
        done.push_back(caller);
      }
    }
  }
  if (done.size() == count) {
    return count;
  }
  // From a rule that is left, each step to another that is left ends in a cycle.
  RuleId rule = 0;
  while (calls[rule] == 0) {
    ++rule;
  }
  for (RuleId step = 0; step < count; ++step) {
    for (const RuleId callee : first[rule]) {
      if (calls[callee] != 0) {
        rule = callee;
        break;
      }
    }
  }
  return rule;
}

}  // namespace everform::constraints
