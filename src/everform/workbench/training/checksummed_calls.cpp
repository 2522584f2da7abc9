#include "everform/workbench/training/checksummed_calls.h"

#include <fstream>
#include <span>
#include <vector>

#include "everform/core/io/crc32c.h"

namespace everform {

long ChecksummedCalls::write(int file, const void* data, std::size_t bytes) {
  const long written = calls_.write(file, data, bytes);
  if (written > 0) {
    bytes_ += static_cast<std::uint64_t>(written);
    checksum_ = crc32c({static_cast<const std::byte*>(data), static_cast<std::size_t>(written)}, checksum_);
  }
  return written;
}

std::optional<std::uint32_t> checksum_of(const std::filesystem::path& path, std::uint64_t bytes) {
  std::ifstream input(path, std::ios::binary);
  std::vector<char> buffer(std::size_t{1} << 18);
  std::uint64_t size = 0;
  std::uint32_t checksum = 0;
  while (input.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || input.gcount() > 0) {
    const auto count = static_cast<std::size_t>(input.gcount());
    size += count;
    checksum = crc32c(std::as_bytes(std::span(buffer.data(), count)), checksum);
  }
  return size == bytes && !input.bad() ? std::optional(checksum) : std::nullopt;
}

}  // namespace everform
