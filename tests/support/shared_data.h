// Where the sample data sets lie, if this machine has them. Tests that need one skip and say so where it is
// absent.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace everform::test {

/// $EVERFORM_SHARED_DATA/name, or ../shared/data/name beside the checkout.
inline std::filesystem::path shared_data(const std::string& name) {
  const char* root = std::getenv("EVERFORM_SHARED_DATA");
  return (root != nullptr ? std::filesystem::path(root) : std::filesystem::path("../shared/data")) / name;
}

/// Folder of the bundled models: $EVERFORM_MODELS, or models in $EVERFORM_CACHE (default ~/.cache/everform).
inline std::filesystem::path bundled_models() {
  if (const char* models = std::getenv("EVERFORM_MODELS")) {
    return models;
  }
  if (const char* cache = std::getenv("EVERFORM_CACHE")) {
    return std::filesystem::path(cache) / "models";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".cache/everform/models";
}

/// A fresh folder under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "everform-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace everform::test

/// Skips the test, saying why, where a data set is absent.
#define EVERFORM_NEEDS(path)                                                      \
  do {                                                                            \
    if (!std::filesystem::exists(path)) {                                         \
      GTEST_SKIP() << "needs " << (path) << ", which this machine does not have"; \
    }                                                                             \
  } while (false)
