// Quantizers into GGML's block formats; the formats themselves are described in block_formats.h.
//
// Each takes whole blocks of finite weights and writes whole blocks. Scales come from a least-squares search
// (grid_fit.h), are rounded to the format's precision, and only then are the weights rounded to the grid that
// a reader will see.
#pragma once

#include <cstddef>

namespace everform {

void quantize_q4_0(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q4_1(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q5_0(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q5_1(const float* weights, std::size_t blocks, std::byte* out);
/// d is the largest magnitude / 127, rounded up to a half so that nothing is clipped: no weight is off by
/// more than half a step.
void quantize_q8_0(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q4_k(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q5_k(const float* weights, std::size_t blocks, std::byte* out);
void quantize_q6_k(const float* weights, std::size_t blocks, std::byte* out);

}  // namespace everform
