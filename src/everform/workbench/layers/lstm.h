// A long short-term memory layer (Hochreiter & Schmidhuber 1997) as a mixer.
#pragma once

#include <cstdint>
#include <memory>

#include "everform/workbench/layers/mixer.h"

namespace everform {

class LstmState : public MixerState {
 public:
  std::int64_t length() const override { return length_; }
  std::unique_ptr<MixerState> clone() const override;
  void truncate(std::int64_t length) override;
  void detach() override;

  torch::Tensor hidden;  ///< [1, batch, width]; undefined while empty
  torch::Tensor cell;    ///< [1, batch, width]
  void advance(std::int64_t tokens) { length_ += tokens; }

 private:
  std::int64_t length_ = 0;
};

/// Gates in the order input, forget, cell, output. Parameters weight_ih [4 width, width], weight_hh [4 width,
/// width], bias [4 width] (one bias: the usual two only ever appear as their sum). Masks are refused: a
/// recurrence sees all that came before.
class Lstm : public Mixer {
 public:
  explicit Lstm(std::int64_t width);

  torch::Tensor forward(const MixerInput& input) override;
  std::unique_ptr<MixerState> new_state() const override { return std::make_unique<LstmState>(); }

  torch::Tensor weight_ih;
  torch::Tensor weight_hh;
  torch::Tensor bias;
};

}  // namespace everform
