#include "everform/workbench/layers/lstm.h"

#include <ATen/ops/lstm.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/types.h>

#include "everform/core/base/error.h"

namespace everform {

std::unique_ptr<MixerState> LstmState::clone() const {
  return std::make_unique<LstmState>(*this);
}

void LstmState::truncate(std::int64_t length) {
  if (length >= length_) {
    return;
  }
  if (length > 0) {
    throw Error(
        ErrorKind::kUsage, "truncating an LSTM's state",
        "it has seen " + std::to_string(length_) + " tokens and cannot go back to " + std::to_string(length),
        "clone the state before going on");
  }
  *this = LstmState();
}

void LstmState::detach() {
  hidden = hidden.defined() ? hidden.detach() : hidden;
  cell = cell.defined() ? cell.detach() : cell;
}

Lstm::Lstm(std::int64_t width) {
  weight_ih = register_parameter("weight_ih", torch::zeros({4 * width, width}));
  weight_hh = register_parameter("weight_hh", torch::zeros({4 * width, width}));
  bias = register_parameter("bias", torch::zeros({4 * width}));
}

torch::Tensor Lstm::forward(const MixerInput& input) {
  if (input.mask.defined() || input.key_mask.defined()) {
    throw Error(ErrorKind::kUsage, "running an LSTM",
                "a mask was given, and a recurrence cannot hide what it has seen",
                "leave the masked tokens out of the sequence");
  }
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  const torch::Tensor x = input.x.to(weight_ih.scalar_type());
  auto* state = dynamic_cast<LstmState*>(input.state);
  const bool goes_on = state != nullptr && state->hidden.defined();
  const torch::Tensor zero = torch::zeros({1, x.size(0), x.size(2)}, x.options().requires_grad(false));
  const auto [y, hidden, cell] = at::lstm(
      x, goes_on ? std::vector<at::Tensor>{state->hidden, state->cell} : std::vector<at::Tensor>{zero, zero},
      {weight_ih, weight_hh, bias, torch::zeros_like(bias)}, true, 1, 0.0, is_training(), false, true);
  if (state != nullptr) {
    state->hidden = hidden;
    state->cell = cell;
    state->advance(x.size(1));
  }
  return y.to(input.x.scalar_type());
}

}  // namespace everform
