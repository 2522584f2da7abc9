#include "everform/core/decoding/constraints/stack_machine.h"

#include <algorithm>
#include <string>

#include "everform/core/base/error.h"

namespace everform::constraints {

void StackMachine::clear() {
  frames_.assign(1, Frame{});
  returns_.clear();
}

void StackMachine::add(std::vector<Config>& configs, std::size_t first, const Config& config) {
  const auto begin = configs.begin() + static_cast<std::ptrdiff_t>(first);
  if (std::find(begin, configs.end(), config) != configs.end()) {
    return;
  }
  if (configs.size() - first >= kMaxConfigs) {
    throw Error(ErrorKind::kUsage, "following the constraint",
                "the text can be read in more than " + std::to_string(kMaxConfigs) + " ways at one place",
                "make the grammar less ambiguous");
  }
  configs.push_back(config);
}

bool StackMachine::add_returns(std::uint32_t frame, std::vector<Config>& configs, std::size_t first) {
  if (frame == 0) {
    return true;
  }
  for (std::uint32_t at = frames_[frame].last_return; at != kNone; at = returns_[at].previous) {
    add(configs, first, returns_[at].to);
  }
  return false;
}

void StackMachine::call(const Machine::Call& call, const Config& from, std::vector<Config>& configs,
                        std::size_t first, std::size_t first_frame) {
  const StateId start = machine_->rule(call.rule).start;
  if (machine_->state(call.next).only_returns) {
    // Nothing is left to do in the caller, so the callee returns to the caller's caller.
    add(configs, first, {start, 0, from.frame});
    return;
  }
  std::size_t frame = first_frame;
  while (frame < frames_.size() && frames_[frame].rule != call.rule) {
    ++frame;
  }
  if (frame == frames_.size()) {
    frames_.push_back({.rule = call.rule});
  }
  const Config next{call.next, from.count, from.frame};
  std::uint32_t known = frames_[frame].last_return;
  while (known != kNone && !(returns_[known].to == next)) {
    known = returns_[known].previous;
  }
  if (known == kNone) {
    returns_.push_back({next, frames_[frame].last_return});
    frames_[frame].last_return = static_cast<std::uint32_t>(returns_.size() - 1);
  }
  add(configs, first, {start, 0, static_cast<std::uint32_t>(frame)});
  if (machine_->rule(call.rule).nullable) {
    // The callee may have ended here before this return was known to its frame.
    add(configs, first, next);
  }
}

bool StackMachine::close(std::vector<Config>& configs, std::size_t first) {
  const std::size_t first_frame = frames_.size();
  bool ends = false;
  bool all_read = true;
  for (std::size_t i = first; i < configs.size(); ++i) {
    const Config config = configs[i];
    const Machine::State& state = machine_->state(config.state);
    all_read = all_read && state.reads;
    if (state.accepting) {
      ends = add_returns(config.frame, configs, first) || ends;
    }
    for (const Machine::Call& next : machine_->calls(state)) {
      call(next, config, configs, first, first_frame);
    }
  }
  if (!all_read) {
    const auto begin = configs.begin() + static_cast<std::ptrdiff_t>(first);
    configs.erase(std::remove_if(begin, configs.end(),
                                 [&](const Config& c) { return !machine_->state(c.state).reads; }),
                  configs.end());
  }
  return ends;
}

bool StackMachine::enter(const Config& config, std::vector<Config>& out) {
  const std::size_t first = out.size();
  out.push_back(config);
  return close(out, first);
}

bool StackMachine::leave(std::uint32_t frame, std::vector<Config>& out) {
  const std::size_t first = out.size();
  const bool ends = add_returns(frame, out, first);
  return close(out, first) || ends;
}

bool StackMachine::read(std::vector<Config>& configs, std::size_t first, std::size_t last,
                        std::uint8_t byte) {
  const std::size_t begin = configs.size();
  bool simple = last - first == 1;
  for (std::size_t i = first; i < last; ++i) {
    Config config = configs[i];
    const Machine::Step step = machine_->step(config.state, byte);
    if (!step.found) {
      continue;
    }
    const Machine::RuleInfo& rule = machine_->rule(machine_->state(config.state).rule);
    if (step.action == CountAction::kCount) {
      if (config.count >= rule.max_count) {
        continue;
      }
      config.count =
          rule.max_count == Rule::kUnbounded ? std::min(config.count + 1, rule.min_count) : config.count + 1;
    } else if (step.action == CountAction::kClose && config.count < rule.min_count) {
      continue;
    }
    config.state = step.state;
    if (simple) {
      configs.push_back(config);
    } else {
      add(configs, begin, config);
    }
  }
  if (simple && configs.size() > begin) {
    const Machine::State& state = machine_->state(configs.back().state);
    if (state.reads && !state.accepting && state.call_count == 0) {
      return false;
    }
  }
  return close(configs, begin);
}

}  // namespace everform::constraints
