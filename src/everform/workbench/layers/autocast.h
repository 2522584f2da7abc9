// bf16 mixed precision as a scope.
#pragma once

#include <torch/types.h>

namespace everform {

/// Inside the scope matrix products run in `type` (torch's autocast); parameters and their gradients keep
/// their own type. The cache of cast weights is dropped when the outermost scope ends, since the optimizer
/// changes them next. Scopes nest.
class AutocastScope {
 public:
  /// @param enabled false: no autocast inside, whatever was set outside
  explicit AutocastScope(at::DeviceType device, bool enabled = true, at::ScalarType type = at::kBFloat16);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType was_type_;
};

}  // namespace everform
