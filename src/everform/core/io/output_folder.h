// What stands at the place of an output: a file that may not be lost, a folder that is there as a whole or
// not at all.
#pragma once

#include <filesystem>
#include <string>

namespace everform {

/// Throws kUsage where something is at `path` already and may not be overwritten. @param where what is being
/// done
void refuse_existing_file(const std::filesystem::path& path, bool overwrite, const std::string& where);

/// Files are written under path(), beside the final place; commit() renames the folder there. Without
/// commit() the destructor removes it, so that an error leaves nothing behind.
class OutputFolder {
 public:
  /// Throws kUsage where `out` is a file, or a folder that holds something unless `overwrite`; kFailed where
  /// it cannot be created.
  OutputFolder(std::filesystem::path out, bool overwrite);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return working_; }
  /// Replaces what was at the final place.
  void commit();

 private:
  std::filesystem::path out_;
  std::filesystem::path working_;
  bool committed_ = false;
};

}  // namespace everform
