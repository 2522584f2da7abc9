#include "everform/workbench/training/appended_file.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "everform/core/base/error.h"

namespace everform {

AppendedFile::AppendedFile(std::filesystem::path path, FileSystemCalls& calls)
    : path_(std::move(path)), calls_(calls) {
  file_ = calls_.open_for_append(path_.c_str());
  if (file_ < 0) {
    fail("opening it");
  }
  // A new file's name is durable only with its folder.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  if (calls_.sync_directory(folder.c_str()) != 0) {
    fail("syncing its folder");
  }
}

AppendedFile::~AppendedFile() {
  if (file_ >= 0) {
    calls_.close(file_);
  }
}

void AppendedFile::fail(const char* action) const {
  const std::string reason = std::strerror(errno);
  throw Error(ErrorKind::kFailed, "writing " + path_.string(), std::string(action) + " failed: " + reason,
              "check the folder, its permissions and the free space");
}

void AppendedFile::add_line(std::string_view line) {
  std::string text(line);
  text += '\n';
  std::string_view rest = text;
  while (!rest.empty()) {
    const long written = calls_.write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      fail("writing to it");
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AppendedFile::sync() {
  if (calls_.sync(file_) != 0) {
    fail("syncing it");
  }
}

}  // namespace everform
