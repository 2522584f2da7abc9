// A text file that grows by lines.
#pragma once

#include <filesystem>
#include <string_view>

#include "everform/core/base/atomic_file.h"

namespace everform {

/// Each line is one write at the file's end. Throws Error{kFailed} with the system's reason.
class AppendedFile {
 public:
  explicit AppendedFile(std::filesystem::path path, FileSystemCalls& calls = system_calls());
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void add_line(std::string_view line);
  void sync();

 private:
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_;
  FileSystemCalls& calls_;
  int file_ = -1;
};

}  // namespace everform
