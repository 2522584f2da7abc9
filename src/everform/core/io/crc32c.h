// CRC-32C (Castagnoli), the checksum of event files and checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace everform {

/// CRC-32C of the data: polynomial 0x1EDC6F41, reflected, as in iSCSI (RFC 3720, appendix B.4).
/// @param crc the checksum of what came before, to go on with it
std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t crc = 0);

}  // namespace everform
