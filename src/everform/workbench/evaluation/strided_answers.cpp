#include "everform/workbench/evaluation/strided_answers.h"

#include "everform/workbench/objectives/per_position_bce.h"

namespace everform {

std::vector<bool> strided_answers(Transformer& transformer, const torch::Tensor& vectors,
                                  std::int64_t stride) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor positive = (strided_logits(transformer, vectors, stride) > 0).cpu().contiguous();
  const bool* first = positive.const_data_ptr<bool>();
  return std::vector<bool>(first, first + positive.numel());
}

}  // namespace everform
