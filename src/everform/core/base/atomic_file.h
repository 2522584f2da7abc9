// Files that are either the old ones or the new ones, whatever happens in between.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace everform {

/// The calls by which data reach the disk, as an interface so that tests can make every one of them fail.
/// Each returns 0 or a positive count on success, and -1 with errno set on failure.
class FileSystemCalls {
 public:
  virtual ~FileSystemCalls() = default;
  virtual int open_for_write(const char* path);
  /// For adding to the end of a file, which is created where it is absent.
  virtual int open_for_append(const char* path);
  virtual long write(int file, const void* data, std::size_t bytes);
  virtual int sync(int file);
  virtual int close(int file);
  virtual int rename(const char* from, const char* to);
  virtual int sync_directory(const char* path);
  /// A file or an empty folder.
  virtual int remove(const char* path);
  virtual int make_directory(const char* path);
};

/// The real calls.
FileSystemCalls& system_calls();

/// Writes a file under a temporary name in the same folder; commit() syncs it, renames it over `path` and
/// syncs the folder. Without commit() the destructor removes it. Throws Error{kFailed} with the system's
/// reason (no space, no permission, ...).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path, FileSystemCalls& calls = system_calls());
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> data);
  void write(std::string_view text);
  void commit();
  /// Bytes written so far.
  std::size_t size() const { return size_; }

 private:
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileSystemCalls& calls_;
  int file_ = -1;
  std::size_t size_ = 0;
  bool committed_ = false;
};

/// Writes a whole text through AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view text,
                FileSystemCalls& calls = system_calls());

/// Reads a whole regular file. Throws kMissing where it is absent, kBadInput where it is a folder or larger
/// than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 31);

/// Creates a folder that must not hold anything yet, unless `overwrite`, which empties it. Throws kUsage when
/// it is in the way.
void prepare_output_folder(const std::filesystem::path& path, bool overwrite);

}  // namespace everform
