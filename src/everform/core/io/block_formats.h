// Dequantizers of GGML's block formats: each turns `blocks` whole blocks at `data` into blocks *
// block_elements float32 values.
//
// Every weight is one product, or one product and one sum, of float32 in the order that the format's
// definition gives (w = d*q, w = d*q + m, w = (d*s)*q - (dmin*m)), so that all readers agree on every bit.
// Layouts: ggml's documentation.
#pragma once

#include <cstddef>

namespace everform {

/// {f16 d; 16 bytes}: w = d*(q-8); byte j holds weight j (low half) and j+16 (high half).
void dequantize_q4_0(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d, m; 16 bytes}: w = d*q + m.
void dequantize_q4_1(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d; u32 high bits; 16 bytes}: w = d*(q-16); bit j of the high bits belongs to weight j.
void dequantize_q5_0(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d, m; u32 high bits; 16 bytes}: w = d*q + m.
void dequantize_q5_1(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d; 32 i8}: w = d*q.
void dequantize_q8_0(const std::byte* data, std::size_t blocks, float* out);

/// {16 x (4-bit scale, 4-bit minimum); 64 bytes of 2-bit q; f16 d, dmin}: 16 groups of 16.
void dequantize_q2_k(const std::byte* data, std::size_t blocks, float* out);
/// {32 bytes of third bits; 64 bytes of 2-bit q; 12 bytes of 6-bit scales; f16 d}: 16 groups of 16.
void dequantize_q3_k(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d, dmin; 12 bytes of 6-bit scales and minima; 128 bytes of 4-bit q}: 8 groups of 32.
void dequantize_q4_k(const std::byte* data, std::size_t blocks, float* out);
/// {f16 d, dmin; 12 bytes of 6-bit scales and minima; 32 bytes of fifth bits; 128 bytes of 4-bit q}: 8 groups
/// of 32.
void dequantize_q5_k(const std::byte* data, std::size_t blocks, float* out);
/// {128 bytes of low 4 bits; 64 bytes of high 2 bits; 16 i8 scales; f16 d}: 16 groups of 16.
void dequantize_q6_k(const std::byte* data, std::size_t blocks, float* out);

}  // namespace everform
