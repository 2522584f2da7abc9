#include "everform/core/io/output_folder.h"

#include <unistd.h>

#include <string>
#include <system_error>

#include "everform/core/base/error.h"

namespace everform {

namespace {

namespace fs = std::filesystem;

/// "out/" and "out" are the same place.
fs::path without_trailing_slash(fs::path path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

void refuse_existing_file(const std::filesystem::path& path, bool overwrite, const std::string& where) {
  std::error_code code;
  if (!overwrite && std::filesystem::exists(path, code)) {
    throw Error(ErrorKind::kUsage, where, path.string() + " is there already",
                "add --yes to overwrite it, or choose another --out");
  }
}

OutputFolder::OutputFolder(std::filesystem::path out, bool overwrite)
    : out_(without_trailing_slash(std::move(out))) {
  const std::string where = "preparing the output folder " + out_.string();
  std::error_code code;
  const fs::file_status status = fs::status(out_, code);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw Error(ErrorKind::kUsage, where, "a file of that name is in the way", "choose another --out");
  }
  if (fs::is_directory(status) && !fs::is_empty(out_, code) && !overwrite) {
    throw Error(ErrorKind::kUsage, where, "it is not empty",
                "add --yes to overwrite it, or choose another --out");
  }
  working_ =
      out_.parent_path() / ("." + out_.filename().string() + "." + std::to_string(::getpid()) + ".partial");
  fs::remove_all(working_, code);
  if (fs::create_directories(working_, code); code) {
    throw Error(ErrorKind::kFailed, where, "creating it failed: " + code.message(), "check its permissions");
  }
}

OutputFolder::~OutputFolder() {
  if (!committed_) {
    std::error_code code;
    fs::remove_all(working_, code);
  }
}

void OutputFolder::commit() {
  std::error_code code;
  fs::remove_all(out_, code);
  fs::rename(working_, out_, code);
  if (code) {
    throw Error(ErrorKind::kFailed, "writing the folder " + out_.string(),
                "renaming it into place failed: " + code.message(), "check its permissions");
  }
  committed_ = true;
}

}  // namespace everform
