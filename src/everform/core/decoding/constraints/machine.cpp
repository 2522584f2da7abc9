#include "everform/core/decoding/constraints/machine.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/rule_reach.h"

namespace everform::constraints {
namespace {

struct SubsetHash {
  std::size_t operator()(const std::vector<NodeId>& nodes) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const NodeId node : nodes) {
      hash = (hash ^ node) * 0x100000001b3ULL;
    }
    return hash ^ (hash >> 29U);
  }
};

}  // namespace

// Subset construction, rule by rule, over bytes and over calls as if they were letters.
class MachineBuilder {
 public:
  MachineBuilder(const RuleGraph& graph, const ByteSet& bytes)
      : graph_(graph), bytes_(bytes), edges_(graph), marked_(graph.nodes(), 0) {}

  Machine build(RuleId root) {
    const auto may_read = [this](const Edge& edge) { return spells(edge.bytes); };
    finishable_ = finishable_rules(graph_, edges_, may_read);
    if (!finishable_[root]) {
      throw Error(ErrorKind::kUsage, graph_.where(),
                  "no finite text that the vocabulary can spell has this form",
                  "look for a part that needs itself, excludes everything, or needs characters that the "
                  "model's vocabulary lacks");
    }
    useful_ = useful_nodes(graph_, finishable_, may_read);
    const auto nullable = finishable_rules(graph_, edges_, [](const Edge&) { return false; });
    machine_.rules_.resize(graph_.rules().size());
    machine_.root_ = root;
    queue(root);
    for (std::size_t i = 0; i < queued_rules_.size(); ++i) {
      const RuleId rule = queued_rules_[i];
      const Rule& source = graph_.rules()[rule];
      machine_.rules_[rule] = {.start = build_rule(rule),
                               .min_count = source.min_count,
                               .max_count = source.max_count,
                               .nullable = nullable[rule]};
    }
    for (StateId id = 0; id < machine_.states_.size(); ++id) {
      finish_state(id);
    }
    return std::move(machine_);
  }

 private:
  void finish_state(StateId id) {
    Machine::State& state = machine_.states_[id];
    state.only_returns = state.accepting && !state.reads && state.call_count == 0;
    if (state.accepting || state.call_count > 0) {
      return;
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const Machine::Step step = machine_.step(id, static_cast<std::uint8_t>(byte));
      if (step.found && step.state == id && step.action != CountAction::kClose) {
        state.loops.add(static_cast<std::uint8_t>(byte));
      }
    }
  }

  using Subset = std::vector<NodeId>;

  bool spells(ByteRange range) const {
    return std::any_of(bytes_.begin() + range.first, bytes_.begin() + range.last + 1,
                       [](bool b) { return b; });
  }

  void queue(RuleId rule) {
    if (is_queued_.empty()) {
      is_queued_.assign(graph_.rules().size(), false);
    }
    if (!is_queued_[rule]) {
      is_queued_[rule] = true;
      queued_rules_.push_back(rule);
    }
  }

  void work(std::size_t amount) {
    work_ += amount;
    if (work_ > Machine::kMaxWork) {
      too_large("steps of work", Machine::kMaxWork);
    }
  }

  [[noreturn]] void too_large(const char* what, std::size_t limit) const {
    throw Error(ErrorKind::kUsage, graph_.where(), "it takes more than " + std::to_string(limit) + " " + what,
                "use smaller bounds of repetition or fewer alternatives that begin alike");
  }

  // Adds what epsilon edges reach, and keeps the nodes that do something: they read, call or end the rule.
  Subset close(Subset nodes, NodeId end) {
    ++mark_;
    Subset kept;
    for (const NodeId node : nodes) {
      marked_[node] = mark_;
    }
    while (!nodes.empty()) {
      const NodeId node = nodes.back();
      nodes.pop_back();
      work(1);
      if (!useful_[node]) {
        continue;
      }
      bool acts = node == end;
      for (const Edge& edge : edges_.of(node)) {
        work(1);
        if (edge.kind != Edge::Kind::kEpsilon) {
          acts = true;
        } else if (marked_[edge.to] != mark_) {
          marked_[edge.to] = mark_;
          nodes.push_back(edge.to);
        }
      }
      if (acts) {
        kept.push_back(node);
      }
    }
    std::sort(kept.begin(), kept.end());
    return kept;
  }

  StateId state_of(Subset nodes, RuleId rule) {
    Subset closed = close(std::move(nodes), graph_.rules()[rule].body.end);
    const auto [at, is_new] = ids_.try_emplace(closed, static_cast<StateId>(machine_.states_.size()));
    if (is_new) {
      if (machine_.states_.size() >= Machine::kMaxStates) {
        too_large("states", Machine::kMaxStates);
      }
      Machine::State state;
      state.rule = rule;
      state.accepting = std::binary_search(closed.begin(), closed.end(), graph_.rules()[rule].body.end);
      machine_.states_.push_back(state);
      open_.push_back({at->second, std::move(closed)});
    }
    return at->second;
  }

  StateId build_rule(RuleId rule) {
    ids_.clear();
    find_classes(rule);
    const StateId start = state_of({graph_.rules()[rule].body.start}, rule);
    while (!open_.empty()) {
      const auto [id, nodes] = std::move(open_.back());
      open_.pop_back();
      add_bytes(id, nodes, rule);
      add_calls(id, nodes, rule);
    }
    return start;
  }

  // Bytes that no edge of the rule tells apart share a cell.
  void find_classes(RuleId rule) {
    std::array<bool, 257> cut{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      cut[byte] = byte == 0 || bytes_[byte] != bytes_[byte - 1];
    }
    ++mark_;
    std::vector<NodeId> open = {graph_.rules()[rule].body.start};
    marked_[open.front()] = mark_;
    while (!open.empty()) {
      const NodeId node = open.back();
      open.pop_back();
      for (const Edge& edge : edges_.of(node)) {
        work(1);
        if (edge.kind == Edge::Kind::kBytes) {
          cut[edge.bytes.first] = true;
          cut[std::size_t{edge.bytes.last} + 1] = true;
        }
        if (marked_[edge.to] != mark_) {
          marked_[edge.to] = mark_;
          open.push_back(edge.to);
        }
      }
    }
    std::array<std::uint8_t, 256> map{};
    classes_ = 0;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      classes_ += cut[byte] ? 1 : 0;
      map[byte] = static_cast<std::uint8_t>(classes_ - 1);
    }
    machine_.class_maps_.push_back(map);
  }

  void add_bytes(StateId id, const Subset& nodes, RuleId rule) {
    const auto& map = machine_.class_maps_.back();
    std::vector<Subset> targets(classes_);
    std::vector<CountAction> actions(classes_, CountAction::kNone);
    bool reads = false;
    for (const NodeId node : nodes) {
      for (const Edge& edge : edges_.of(node)) {
        if (edge.kind != Edge::Kind::kBytes || !useful_[edge.to]) {
          continue;
        }
        work(1U + map[edge.bytes.last] - map[edge.bytes.first]);
        for (std::size_t c = map[edge.bytes.first]; c <= map[edge.bytes.last]; ++c) {
          targets[c].push_back(edge.to);
          actions[c] = std::max(actions[c], edge.action);
        }
      }
    }
    const std::size_t row = machine_.cells_.size();
    if (row + classes_ > Machine::kMaxCells) {
      too_large("cells of its tables", Machine::kMaxCells);
    }
    machine_.cells_.resize(row + classes_, 0);
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::size_t c = map[byte];
      if (targets[c].empty() || !bytes_[byte]) {
        continue;
      }
      std::sort(targets[c].begin(), targets[c].end());
      targets[c].erase(std::unique(targets[c].begin(), targets[c].end()), targets[c].end());
      const StateId next = state_of(std::move(targets[c]), rule);
      targets[c].clear();
      machine_.cells_[row + c] = ((next + 1) << 2U) | static_cast<std::uint32_t>(actions[c]);
      reads = true;
    }
    machine_.states_[id].row = static_cast<std::uint32_t>(row);
    machine_.states_[id].classes = static_cast<std::uint32_t>(machine_.class_maps_.size() - 1);
    machine_.states_[id].reads = reads;
  }

  void add_calls(StateId id, const Subset& nodes, RuleId rule) {
    std::map<RuleId, Subset> targets;
    for (const NodeId node : nodes) {
      for (const Edge& edge : edges_.of(node)) {
        if (edge.kind == Edge::Kind::kCall && finishable_[edge.rule] && useful_[edge.to]) {
          targets[edge.rule].push_back(edge.to);
        }
      }
    }
    std::vector<Machine::Call> calls;
    for (auto& [callee, next] : targets) {
      std::sort(next.begin(), next.end());
      next.erase(std::unique(next.begin(), next.end()), next.end());
      queue(callee);
      calls.push_back({callee, state_of(std::move(next), rule)});
    }
    machine_.states_[id].first_call = static_cast<std::uint32_t>(machine_.calls_.size());
    machine_.states_[id].call_count = static_cast<std::uint32_t>(calls.size());
    machine_.calls_.insert(machine_.calls_.end(), calls.begin(), calls.end());
  }

  const RuleGraph& graph_;
  const ByteSet& bytes_;
  OutgoingEdges edges_;
  std::vector<bool> finishable_;
  std::vector<bool> useful_;
  Machine machine_;
  std::vector<bool> is_queued_;
  std::vector<RuleId> queued_rules_;
  std::unordered_map<Subset, StateId, SubsetHash> ids_;  // of the rule being built
  std::vector<std::pair<StateId, Subset>> open_;
  std::vector<std::uint32_t> marked_;
  std::uint32_t mark_ = 0;
  std::size_t classes_ = 0;
  std::size_t work_ = 0;
};

Machine compile_machine(const RuleGraph& graph, RuleId root, const ByteSet& bytes) {
  return MachineBuilder(graph, bytes).build(root);
}

}  // namespace everform::constraints
