#include "everform/workbench/layers/fused_cross_entropy.h"

#include "everform/core/base/error.h"
#include "everform/workbench/layers/kernel_tensors.h"

namespace everform {

torch::Tensor fused_cross_entropy(torch::Tensor logits, const torch::Tensor& targets, bool gradient) {
  const std::int64_t rows = logits.size(0);
  const bool fits = kernel_readable(logits) && logits.is_contiguous() && logits.dim() == 2 &&
                    targets.is_cpu() && targets.scalar_type() == at::kLong && targets.numel() == rows;
  if (!fits || (rows > 0 && targets.max().item<std::int64_t>() >= logits.size(1))) {
    throw Error(ErrorKind::kUsage, "computing a cross-entropy",
                "it takes contiguous float32 or bfloat16 logits [rows, classes] on the CPU and int64 targets "
                "[rows] below classes");
  }
  const torch::Tensor wanted = targets.contiguous();
  const torch::Tensor loss = torch::empty({rows}, torch::dtype(at::kFloat));
  const kernels::CrossEntropy args{.classes = logits.size(1),
                                   .logits = kernel_array(logits),
                                   .targets = wanted.const_data_ptr<std::int64_t>(),
                                   .gradient = gradient,
                                   .loss = loss.data_ptr<float>()};
  for_row_chunks(rows, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
    kernels::table().cross_entropy(args, begin, end);
  });
  return loss;
}

}  // namespace everform
