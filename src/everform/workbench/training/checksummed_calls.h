// The checksum of a file, taken while it is written or when it is read back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "everform/core/base/atomic_file.h"

namespace everform {

/// Passes every call on and keeps size and CRC-32C of what is written. For one file.
class ChecksummedCalls final : public FileSystemCalls {
 public:
  explicit ChecksummedCalls(FileSystemCalls& calls) : calls_(calls) {}

  int open_for_write(const char* path) override { return calls_.open_for_write(path); }
  int open_for_append(const char* path) override { return calls_.open_for_append(path); }
  long write(int file, const void* data, std::size_t bytes) override;
  int sync(int file) override { return calls_.sync(file); }
  int close(int file) override { return calls_.close(file); }
  int rename(const char* from, const char* to) override { return calls_.rename(from, to); }
  int sync_directory(const char* path) override { return calls_.sync_directory(path); }
  int remove(const char* path) override { return calls_.remove(path); }
  int make_directory(const char* path) override { return calls_.make_directory(path); }

  std::uint64_t bytes() const { return bytes_; }
  std::uint32_t checksum() const { return checksum_; }

 private:
  FileSystemCalls& calls_;
  std::uint64_t bytes_ = 0;
  std::uint32_t checksum_ = 0;
};

/// CRC-32C of a file of `bytes` bytes; nothing where it is absent or has another size.
std::optional<std::uint32_t> checksum_of(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace everform
