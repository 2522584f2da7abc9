// Checks of the readers and writers of model files that anybody can run on the spot: known blocks, exact
// round trips, lying headers.
#pragma once

#include <cstdint>
#include <filesystem>

#include "everform/core/base/check_count.h"

namespace everform {

/// One hand-built block of every format gives the weights that the format's definition says.
CheckCount check_known_blocks();

/// The largest error of a weight after quantizing random rows to Q8_0 and back, in units of half a step (half
/// the block's scale).
/// @param blocks of 32 weights
double q8_0_error_in_half_steps(std::uint64_t seed, std::size_t blocks);

/// A small random LLaMA goes from safetensors to GGUF in F32 and back; every tensor has the same bytes. Files
/// are written to `folder`, which must be empty.
CheckCount check_exact_round_trip(const std::filesystem::path& folder, std::uint64_t seed);

/// Files of check_exact_round_trip() cut at many places, and headers that lie about lengths, counts, types
/// and offsets: each is refused as bad input.
CheckCount check_hostile_files(const std::filesystem::path& folder);

}  // namespace everform
