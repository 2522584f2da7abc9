// The eight 6-bit scales and eight 6-bit minima of a Q4_K or Q5_K block, in twelve bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace everform {

struct KScales {
  std::array<std::uint8_t, 8> scale;    ///< 0..63
  std::array<std::uint8_t, 8> minimum;  ///< 0..63
};

/// Bytes 0..3 hold scales 0..3 and, in their top two bits, the top two bits of scales 4..7; bytes 4..7 the
/// same for the minima; bytes 8..11 hold the low four bits of scales 4..7 (low half) and minima 4..7 (high
/// half).
inline KScales unpack_k_scales(const std::byte* packed) {
  KScales out;
  for (int i = 0; i < 4; ++i) {
    const auto scale = static_cast<unsigned>(packed[i]);
    const auto minimum = static_cast<unsigned>(packed[4 + i]);
    const auto both = static_cast<unsigned>(packed[8 + i]);
    out.scale[i] = static_cast<std::uint8_t>(scale & 63U);
    out.minimum[i] = static_cast<std::uint8_t>(minimum & 63U);
    out.scale[4 + i] = static_cast<std::uint8_t>((both & 15U) | ((scale >> 6U) << 4U));
    out.minimum[4 + i] = static_cast<std::uint8_t>((both >> 4U) | ((minimum >> 6U) << 4U));
  }
  return out;
}

inline void pack_k_scales(const KScales& scales, std::byte* packed) {
  for (int i = 0; i < 4; ++i) {
    const unsigned scale = scales.scale[4 + i];
    const unsigned minimum = scales.minimum[4 + i];
    packed[i] = static_cast<std::byte>(scales.scale[i] | ((scale >> 4U) << 6U));
    packed[4 + i] = static_cast<std::byte>(scales.minimum[i] | ((minimum >> 4U) << 6U));
    packed[8 + i] = static_cast<std::byte>((scale & 15U) | ((minimum & 15U) << 4U));
  }
}

}  // namespace everform
