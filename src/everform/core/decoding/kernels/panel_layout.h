// Where the parts of a packed panel lie: one layout that every instruction set reads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "everform/core/decoding/kernels/activation_rows.h"
#include "everform/core/io/element_type.h"

namespace everform {

/// Outputs in one panel: the 32-bit lanes of a 512-bit vector.
inline constexpr std::size_t kPanelOutputs = 16;
/// Blocks in a superblock of the K types.
inline constexpr std::size_t kSuperBlocks = 8;

/// How the codes of 32 inputs become weights: w = scale * (code - offset) + minimum.
enum class ScaleKind {
  kHalf,       ///< a half-precision scale for each block (Q4_0, Q5_0, Q8_0)
  kHalfPair,   ///< a half-precision scale and minimum for each block (Q4_1, Q5_1)
  kSuperPair,  ///< byte scale and byte minimum for each block, halves for each 8 blocks (Q4_K, Q5_K)
  kSuperHalf,  ///< signed byte scale for each 16 inputs, a half for each 8 blocks (Q6_K)
  kNone        ///< no codes: the values themselves
};

/// Blocks in a record: one where its scales fill a line, otherwise as many as share a super.
constexpr std::size_t record_blocks_of(ScaleKind kind) {
  return kind == ScaleKind::kHalfPair ? 1 : kSuperBlocks;
}

/// A panel of a quantized type holds the weights of 16 outputs in records of some blocks of 32 inputs, the
/// last one of fewer: so a product reads a matrix from front to back as one stream, which is what memory is
/// fastest at. A record holds the codes of each block, followed by its high bits, then all blocks' scales,
/// then the supers. With group g = 0..7 of four inputs in a block, lane o = 0..15 and j = 0..3, the byte of a
/// 64-byte vector is 4 o + j:
///
/// codes:  bytes (Q8_0): vector g of the block holds input 4 g + j of output o, plus 128.
///         nibbles (all other quantized types): vector g < 4 holds the low four bits of input 4 g + j in its
///         low half and those of input 16 + 4 g + j in its high half.
/// high:   fifth bit (Q5_*): one vector a block; bit g of the byte is that of input 4 g + j.
///         fifth and sixth (Q6_K): two vectors a block; bits 2 (g % 4) and the next of vector g / 4.
/// scales: kHalf [block][16] halves; kHalfPair [block][scale, minimum][16] halves;
///         kSuperPair [block][scale, minimum][16] bytes; kSuperHalf [block][half block][16] signed bytes.
/// supers: kSuperPair [scale, minimum][16] halves; kSuperHalf [16] halves.
///
/// F32 and F16 panels are [input][16], BF16 panels [input / 2][16][2]. Inputs are padded to a multiple of
/// four. Every record and panel begins on a cache line.
struct PanelLayout {
  ElementType type = ElementType::kF32;
  ScaleKind scale_kind = ScaleKind::kNone;
  int code_offset = 0;
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  std::size_t blocks = 0;       ///< of 32 inputs, the last one padded
  std::size_t code_bytes = 0;   ///< of one block, for quantized types
  std::size_t high_bytes = 0;   ///< of one block
  std::size_t scale_bytes = 0;  ///< of one block
  std::size_t super_bytes = 0;  ///< of one record
  std::size_t record_blocks = kSuperBlocks;
  std::size_t record_bytes = 0;
  std::size_t panel_bytes = 0;

  std::size_t panels() const { return (outputs + kPanelOutputs - 1) / kPanelOutputs; }

  /// Where one block's parts begin.
  template <typename Byte>
  struct Parts {
    Byte* codes;
    Byte* high;
    Byte* scales;
    Byte* supers;
  };
  template <typename Byte>
  Parts<Byte> parts(Byte* panel, std::size_t block) const {
    const std::size_t record = block / record_blocks;
    const std::size_t in_record = block % record_blocks;
    const std::size_t count = std::min(record_blocks, blocks - record * record_blocks);
    Byte* const codes = panel + record * record_bytes;
    Byte* const scales = codes + count * (code_bytes + high_bytes);
    return {.codes = codes + in_record * (code_bytes + high_bytes),
            .high = codes + in_record * (code_bytes + high_bytes) + code_bytes,
            .scales = scales + in_record * scale_bytes,
            .supers = scales + count * scale_bytes};
  }
};

/// The types that have a layout; see PackedMatrix.
bool has_panel_layout(ElementType type);
/// @param inputs a multiple of the type's block
PanelLayout make_panel_layout(ElementType type, std::size_t outputs, std::size_t inputs);

/// One block of a panel, read plainly.
struct PanelBlock {
  /// Codes with their offset subtracted: [output][input].
  std::array<std::array<std::int16_t, kActivationBlock>, kPanelOutputs> codes;
  /// Of the inputs 0..15 and 16..31.
  std::array<std::array<float, 2>, kPanelOutputs> scale;
  std::array<float, kPanelOutputs> minimum;
};

/// @param panel the panel's first byte; a quantized type's
void read_panel_block(const PanelLayout& layout, const std::byte* panel, std::size_t block, PanelBlock& out);

/// The weights of one block of any type, zero where the inputs end.
using PanelValues = std::array<std::array<float, kPanelOutputs>, kActivationBlock>;  // [input][output]
void read_panel_values(const PanelLayout& layout, const std::byte* panel, std::size_t block,
                       PanelValues& out);

/// All weights of one output of a panel. @param output 0..15 @param out [inputs]
void read_panel_row(const PanelLayout& layout, const std::byte* panel, std::size_t output,
                    std::span<float> out);

}  // namespace everform
