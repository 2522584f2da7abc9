// Runs a machine: every way to have read a text at once, with their stacks shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "everform/core/decoding/constraints/machine.h"

namespace everform::constraints {

/// One way to have read the text: where it stands in a rule, and what called the rule.
struct Config {
  StateId state = 0;
  std::uint32_t count = 0;  ///< the rule's counter
  std::uint32_t frame = 0;

  bool operator==(const Config&) const = default;
};

/// The stacks form a graph (Tomita 1985; Scott and Johnstone's GLL 2010): all calls of a rule at one place
/// share a frame, which knows every state to return to. So the number of configurations grows with the text
/// at most, and never as the number of ways to read it. Frame 0 has no caller. Not for several threads.
class StackMachine {
 public:
  /// More configurations than this at one place throw Error{kUsage}.
  static constexpr std::size_t kMaxConfigs = 2'048;

  explicit StackMachine(const Machine& machine) : machine_(&machine) { clear(); }

  /// Forgets all frames but the first.
  void clear();

  /// Where frames end now; rewind() forgets those that came later.
  struct Mark {
    std::size_t frames = 0;
    std::size_t returns = 0;
  };
  Mark mark() const { return {frames_.size(), returns_.size()}; }
  void rewind(Mark mark) {
    frames_.resize(mark.frames);
    returns_.resize(mark.returns);
  }

  /// Appends what can be reached from `config` without reading. @return whether the text may end
  bool enter(const Config& config, std::vector<Config>& out);
  /// Appends what can be reached from the returns of a frame without reading. @return whether the text may
  /// end
  bool leave(std::uint32_t frame, std::vector<Config>& out);
  /// Reads a byte: appends what from[first, last) becomes. `configs` may be where they are appended to.
  /// @return whether the text may end
  bool read(std::vector<Config>& configs, std::size_t first, std::size_t last, std::uint8_t byte);

  const Machine& machine() const { return *machine_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Frame {
    RuleId rule = 0;
    std::uint32_t last_return = kNone;
  };
  struct Return {
    Config to;
    std::uint32_t previous = kNone;
  };

  /// Follows calls and returns from configs[first...]; keeps those that read. @return whether the text ends
  bool close(std::vector<Config>& configs, std::size_t first);
  void call(const Machine::Call& call, const Config& from, std::vector<Config>& configs, std::size_t first,
            std::size_t first_frame);
  static void add(std::vector<Config>& configs, std::size_t first, const Config& config);
  bool add_returns(std::uint32_t frame, std::vector<Config>& configs, std::size_t first);

  const Machine* machine_;
  std::vector<Frame> frames_;
  std::vector<Return> returns_;
};

}  // namespace everform::constraints
