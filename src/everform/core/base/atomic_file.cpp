#include "everform/core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

#include "everform/core/base/error.h"

namespace everform {

int FileSystemCalls::open_for_write(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}
int FileSystemCalls::open_for_append(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}
long FileSystemCalls::write(int file, const void* data, std::size_t bytes) {
  return ::write(file, data, bytes);
}
int FileSystemCalls::sync(int file) {
  return ::fsync(file);
}
int FileSystemCalls::close(int file) {
  return ::close(file);
}
int FileSystemCalls::rename(const char* from, const char* to) {
  return ::rename(from, to);
}
int FileSystemCalls::sync_directory(const char* path) {
  const int folder = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    return -1;
  }
  const int result = ::fsync(folder);
  ::close(folder);
  return result;
}
int FileSystemCalls::remove(const char* path) {
  return std::remove(path);
}
int FileSystemCalls::make_directory(const char* path) {
  return ::mkdir(path, 0755);
}

FileSystemCalls& system_calls() {
  static FileSystemCalls calls;
  return calls;
}

namespace {

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> count{0};
  return parent_of(path) / ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." +
                            std::to_string(count++) + ".partial");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path, FileSystemCalls& calls)
    : path_(std::move(path)), temporary_(temporary_name(path_)), calls_(calls) {
  file_ = calls_.open_for_write(temporary_.c_str());
  if (file_ < 0) {
    fail("creating it");
  }
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) {
    calls_.close(file_);
  }
  if (!committed_) {
    calls_.remove(temporary_.c_str());
  }
}

void AtomicFile::fail(const char* action) const {
  const std::string reason = std::strerror(errno);
  throw Error(ErrorKind::kFailed, "writing " + path_.string(), std::string(action) + " failed: " + reason,
              "check the folder, its permissions and the free space");
}

void AtomicFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const long written = calls_.write(file_, data.data(), data.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      fail("writing to it");
    }
    size_ += static_cast<std::size_t>(written);
    data = data.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::commit() {
  if (calls_.sync(file_) != 0) {
    fail("syncing it");
  }
  const int file = file_;
  file_ = -1;
  if (calls_.close(file) != 0) {
    fail("closing it");
  }
  if (calls_.rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail("renaming it into place");
  }
  committed_ = true;
  if (calls_.sync_directory(parent_of(path_).c_str()) != 0) {
    fail("syncing its folder");
  }
}

void write_file(const std::filesystem::path& path, std::string_view text, FileSystemCalls& calls) {
  AtomicFile file(path, calls);
  file.write(text);
  file.commit();
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  const std::string where = "reading " + path.string();
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    throw Error(ErrorKind::kMissing, where, std::strerror(errno), "check the path");
  }
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
    throw Error(ErrorKind::kBadInput, where, "it is not a file", "name a file");
  }
  std::ifstream input(path, std::ios::binary);
  if (!input) {
    throw Error(ErrorKind::kMissing, where, "it cannot be opened", "check its permissions");
  }
  std::string text;
  char buffer[1 << 16];
  while (input.read(buffer, sizeof buffer) || input.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(input.gcount()));
    if (text.size() > limit) {
      throw Error(ErrorKind::kBadInput, where,
                  "it is larger than the " + std::to_string(limit) + " bytes allowed here");
    }
  }
  if (input.bad()) {
    throw Error(ErrorKind::kBadInput, where, "reading failed");
  }
  return text;
}

void prepare_output_folder(const std::filesystem::path& path, bool overwrite) {
  std::error_code code;
  const std::string where = "preparing the output folder " + path.string();
  if (std::filesystem::exists(path, code)) {
    if (!std::filesystem::is_directory(path, code)) {
      throw Error(ErrorKind::kUsage, where, "a file of that name is in the way", "choose another --out");
    }
    if (!std::filesystem::is_empty(path, code)) {
      if (!overwrite) {
        throw Error(ErrorKind::kUsage, where, "it is not empty",
                    "add --yes to overwrite it, or choose another --out");
      }
      std::filesystem::remove_all(path, code);
    }
  }
  std::filesystem::create_directories(path, code);
  if (code) {
    throw Error(ErrorKind::kFailed, where, "creating it failed: " + code.message(), "check its permissions");
  }
}

}  // namespace everform
