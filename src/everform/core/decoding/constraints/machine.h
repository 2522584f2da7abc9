// What a form is compiled to: rules that are deterministic automata over bytes and call each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "everform/core/decoding/constraints/byte_bits.h"
#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {

using StateId = std::uint32_t;

/// A pushdown automaton: inside a rule a byte leads to at most one state; a state may also call rules, after
/// which the text goes on in another state of the caller. From every state there is a way to the end of its
/// rule, so a text that the machine has followed can always be finished.
class Machine {
 public:
  static constexpr std::size_t kMaxStates = 65'536;
  /// Cells of all transition tables (4 bytes each).
  static constexpr std::size_t kMaxCells = std::size_t{1} << 24;
  /// Nodes looked at while rules are made deterministic.
  static constexpr std::size_t kMaxWork = 40'000'000;

  struct Call {
    RuleId rule = 0;
    StateId next = 0;
  };

  struct State {
    std::uint32_t row = 0;      ///< first cell of its transitions
    std::uint32_t classes = 0;  ///< which map from bytes to cells
    RuleId rule = 0;
    std::uint32_t first_call = 0;
    std::uint32_t call_count = 0;
    bool accepting = false;     ///< the rule may end here
    bool reads = false;         ///< some byte leads on
    bool only_returns = false;  ///< nothing but the end of the rule
    ByteBits loops;  ///< bytes that lead back to it, perhaps counting, where nothing else is possible
  };

  struct RuleInfo {
    StateId start = 0;
    std::uint32_t min_count = 0;
    std::uint32_t max_count = Rule::kUnbounded;
    bool nullable = false;  ///< holds the empty text
  };

  /// Where a byte leads. `found` is false where it does not fit.
  struct Step {
    StateId state = 0;
    CountAction action = CountAction::kNone;
    bool found = false;
  };

  const State& state(StateId id) const { return states_[id]; }
  const RuleInfo& rule(RuleId id) const { return rules_[id]; }
  std::size_t states() const { return states_.size(); }
  StateId start() const { return rules_[root_].start; }
  std::span<const Call> calls(const State& state) const {
    return std::span(calls_).subspan(state.first_call, state.call_count);
  }
  Step step(StateId id, std::uint8_t byte) const {
    const State& from = states_[id];
    const std::uint32_t cell = cells_[from.row + class_maps_[from.classes][byte]];
    return {(cell >> 2U) - 1, static_cast<CountAction>(cell & 3U), cell != 0};
  }

 private:
  friend class MachineBuilder;
  std::vector<State> states_;
  std::vector<RuleInfo> rules_;
  std::vector<Call> calls_;
  std::vector<std::array<std::uint8_t, 256>> class_maps_;
  std::vector<std::uint32_t> cells_;  ///< 4 (state + 1) + action; 0: the byte does not fit
  RuleId root_ = 0;
};

/// Which bytes a text may hold.
using ByteSet = std::array<bool, 256>;

/// Compiles the rules that `root` reaches. Throws Error{kUsage} where no text fits or a limit is reached.
Machine compile_machine(const RuleGraph& graph, RuleId root, const ByteSet& bytes);

}  // namespace everform::constraints
