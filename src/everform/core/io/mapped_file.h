// A whole file as read-only memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace everform {

/// A read-only memory map of a regular file; unmapped at the end. Movable; the memory stays where it is.
class MappedFile {
 public:
  /// Throws kMissing where the file is absent or may not be read, kBadInput where it is no regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// Gives the memory of a part of a MappedFile's bytes back to the system; reading it again reads the file
/// again.
void release_pages(std::span<const std::byte> mapped);

}  // namespace everform
