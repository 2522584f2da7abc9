// Which cached positions a token may still see, and which the cache therefore keeps.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace everform {

/// A policy on the positions of one sequence. The engine asks for what a token sees, and gives pages back
/// that no later token will see.
///
/// Keys carry their rotary angles and pages their positions, so a policy that drops positions from the middle
/// (sinks and a window, heavy hitters) leaves the others as they are: such a policy answers `sees` with more
/// than one run. The one run here is all that the policies so far need.
class KvPolicy {
 public:
  virtual ~KvPolicy() = default;
  /// "full", "window": the name in `--kv-policy`.
  virtual std::string name() const = 0;
  /// The token at `position` sees the positions [first_seen(position), position]. It never decreases.
  virtual std::size_t first_seen(std::size_t position) const = 0;
};

/// Everything.
std::shared_ptr<const KvPolicy> keep_all_policy();

/// The last `positions`, the token's own included. Throws Error{kUsage} for 0.
std::shared_ptr<const KvPolicy> window_policy(std::size_t positions);

}  // namespace everform
