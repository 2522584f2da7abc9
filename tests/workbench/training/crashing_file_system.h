// A file system that fails, is cut off or loses power at a chosen call, for tests of what is left on the
// disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/random.h"

namespace everform::test {

/// Passes calls on to the real disk and keeps a model of what of it is durable: a file's bytes are with its
/// sync, a folder's entries (creations, renames, removals) with the sync of that folder. lose_power()
/// replaces the real folder by a state that a crash at this moment could have left: of every folder's entries
/// that were not synced an arbitrary beginning has reached the disk, of every file's bytes an arbitrary part.
class CrashingFileSystem final : public FileSystemCalls {
 public:
  enum class Kind { kOpen, kWrite, kSync, kClose, kRename, kSyncDirectory, kRemove, kMakeDirectory };

  /// What happens to a call; by default it is carried out.
  struct Fate {
    enum class What {
      kWorks,
      kFails,  ///< returns -1 with `error`
      kShort,  ///< a write that takes half of its bytes
      kDies    ///< this call and all later ones have no effect, but that a write may have put down a part
    } what = What::kWorks;
    int error = 0;
  };

  /// @param root an existing folder; all that is in it counts as durable
  explicit CrashingFileSystem(std::filesystem::path root);

  /// Decides about call number `call` (from 0).
  std::function<Fate(std::size_t call, Kind kind)> decide;
  std::size_t calls() const { return count_; }
  bool dead() const { return dead_; }

  void lose_power(RandomStream& random);

  int open_for_write(const char* path) override;
  int open_for_append(const char* path) override;
  long write(int file, const void* data, std::size_t bytes) override;
  int sync(int file) override;
  int close(int file) override;
  int rename(const char* from, const char* to) override;
  int sync_directory(const char* path) override;
  int remove(const char* path) override;
  int make_directory(const char* path) override;

 private:
  struct Node {
    bool folder = false;
    std::string bytes;
    std::string durable_bytes;
    std::map<std::string, std::shared_ptr<Node>> entries;
    /// The entries after each change since the last sync; the first is what is durable.
    std::vector<std::map<std::string, std::shared_ptr<Node>>> history;
  };
  using NodePointer = std::shared_ptr<Node>;

  /// Nothing where the call may go on; else what it returns.
  const Fate* refuse(Kind kind);
  NodePointer scan(const std::filesystem::path& path);
  NodePointer find(const std::filesystem::path& path);
  void change(const std::filesystem::path& folder, const std::function<void(Node&)>& edit);
  int opened(const char* path, int file);
  static void materialise(const Node& node, const std::filesystem::path& path, RandomStream& random);

  std::filesystem::path root_;
  NodePointer tree_;
  std::map<int, NodePointer> open_;
  std::size_t count_ = 0;
  bool dead_ = false;
  Fate fate_;
};

}  // namespace everform::test
