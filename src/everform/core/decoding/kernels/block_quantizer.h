// One block of activations as signed bytes.
#pragma once

#include <cstddef>
#include <vector>

namespace everform {

/// Where a block of a row goes: see ActivationRows::tile_block.
struct Int8BlockPlace {
  std::byte* block = nullptr;
  std::size_t width = 1;
  std::size_t row = 0;
};

/// Follows the formula of ActivationRows. @param values [32]
using BlockQuantizer = void (*)(const float* values, const Int8BlockPlace& to);

/// Those that this machine can run, best first; all agree bit for bit.
std::vector<BlockQuantizer> supported_block_quantizers();
BlockQuantizer best_block_quantizer();

}  // namespace everform
