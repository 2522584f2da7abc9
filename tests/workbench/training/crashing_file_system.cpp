#include "tests/workbench/training/crashing_file_system.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace everform::test {

CrashingFileSystem::CrashingFileSystem(std::filesystem::path root)
    : root_(std::move(root)), tree_(scan(root_)) {}

CrashingFileSystem::NodePointer CrashingFileSystem::scan(const std::filesystem::path& path) {
  auto node = std::make_shared<Node>();
  node->folder = std::filesystem::is_directory(path);
  if (!node->folder) {
    node->bytes = node->durable_bytes = read_file(path);
    return node;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    node->entries[entry.path().filename().string()] = scan(entry.path());
  }
  node->history = {node->entries};
  return node;
}

CrashingFileSystem::NodePointer CrashingFileSystem::find(const std::filesystem::path& path) {
  NodePointer node = tree_;
  for (const auto& part : std::filesystem::relative(path, root_)) {
    if (part == ".") {
      continue;
    }
    const auto found = node->entries.find(part.string());
    if (found == node->entries.end()) {
      return nullptr;
    }
    node = found->second;
  }
  return node;
}

void CrashingFileSystem::change(const std::filesystem::path& folder, const std::function<void(Node&)>& edit) {
  const NodePointer node = find(folder);
  edit(*node);
  node->history.push_back(node->entries);
}

const CrashingFileSystem::Fate* CrashingFileSystem::refuse(Kind kind) {
  fate_ = Fate();
  if (!dead_ && decide) {
    fate_ = decide(count_, kind);
  }
  ++count_;
  dead_ = dead_ || fate_.what == Fate::What::kDies;
  if (!dead_ && fate_.what != Fate::What::kFails) {
    return nullptr;
  }
  errno = fate_.error != 0 ? fate_.error : EIO;
  return &fate_;
}

int CrashingFileSystem::opened(const char* path, int file) {
  if (file < 0) {
    return file;
  }
  const std::filesystem::path name = path;
  NodePointer node = find(name);
  if (node == nullptr) {
    node = std::make_shared<Node>();
    change(name.parent_path(), [&](Node& folder) { folder.entries[name.filename().string()] = node; });
  }
  open_[file] = node;
  return file;
}

int CrashingFileSystem::open_for_write(const char* path) {
  return refuse(Kind::kOpen) != nullptr ? -1 : opened(path, FileSystemCalls::open_for_write(path));
}

int CrashingFileSystem::open_for_append(const char* path) {
  return refuse(Kind::kOpen) != nullptr ? -1 : opened(path, FileSystemCalls::open_for_append(path));
}

long CrashingFileSystem::write(int file, const void* data, std::size_t bytes) {
  const bool was_dead = dead_;
  const Fate* fate = refuse(Kind::kWrite);
  std::size_t taken = bytes;
  if (fate != nullptr || fate_.what == Fate::What::kShort) {
    taken = was_dead ? 0 : (bytes + 1) / 2;
  }
  if (taken > 0 && FileSystemCalls::write(file, data, taken) != static_cast<long>(taken)) {
    return -1;
  }
  open_.at(file)->bytes.append(static_cast<const char*>(data), taken);
  if (fate != nullptr) {
    errno = fate->error != 0 ? fate->error : EIO;
    return -1;
  }
  return static_cast<long>(taken);
}

int CrashingFileSystem::sync(int file) {
  if (refuse(Kind::kSync) != nullptr) {
    return -1;
  }
  open_.at(file)->durable_bytes = open_.at(file)->bytes;
  return 0;
}

int CrashingFileSystem::close(int file) {
  const Fate* fate = refuse(Kind::kClose);
  open_.erase(file);
  FileSystemCalls::close(file);
  return fate != nullptr ? -1 : 0;
}

int CrashingFileSystem::rename(const char* from, const char* to) {
  if (refuse(Kind::kRename) != nullptr || FileSystemCalls::rename(from, to) != 0) {
    return -1;
  }
  const std::filesystem::path source = from;
  const std::filesystem::path target = to;
  const NodePointer node = find(source);
  if (source.parent_path() != target.parent_path()) {
    errno = EXDEV;  // Everform's own renames never leave a folder, and the model does not know how they are
                    // ordered.
    return -1;
  }
  change(source.parent_path(), [&](Node& folder) {
    folder.entries.erase(source.filename().string());
    folder.entries[target.filename().string()] = node;
  });
  return 0;
}

int CrashingFileSystem::sync_directory(const char* path) {
  if (refuse(Kind::kSyncDirectory) != nullptr) {
    return -1;
  }
  const NodePointer node = find(path);
  node->history = {node->entries};
  return 0;
}

int CrashingFileSystem::remove(const char* path) {
  if (refuse(Kind::kRemove) != nullptr || FileSystemCalls::remove(path) != 0) {
    return -1;
  }
  const std::filesystem::path name = path;
  change(name.parent_path(), [&](Node& folder) { folder.entries.erase(name.filename().string()); });
  return 0;
}

int CrashingFileSystem::make_directory(const char* path) {
  if (refuse(Kind::kMakeDirectory) != nullptr || FileSystemCalls::make_directory(path) != 0) {
    return -1;
  }
  const std::filesystem::path name = path;
  auto node = std::make_shared<Node>();
  node->folder = true;
  node->history = {node->entries};
  change(name.parent_path(), [&](Node& folder) { folder.entries[name.filename().string()] = node; });
  return 0;
}

void CrashingFileSystem::materialise(const Node& node, const std::filesystem::path& path,
                                     RandomStream& random) {
  if (node.folder) {
    std::filesystem::create_directory(path);
    const auto& entries = node.history[random.below(node.history.size())];
    for (const auto& [name, child] : entries) {
      materialise(*child, path / name, random);
    }
    return;
  }
  // Of the bytes that were not synced, a beginning is there; the length may already be the new one, with
  // zeros or nothing behind it.
  std::string bytes = node.durable_bytes;
  if (node.bytes.size() > bytes.size()) {
    const std::size_t more = random.below(node.bytes.size() - bytes.size() + 1);
    bytes.append(node.bytes, bytes.size(), more);
    if (random.bernoulli(0.3)) {
      bytes.resize(node.bytes.size(), '\0');
    }
  }
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void CrashingFileSystem::lose_power(RandomStream& random) {
  std::filesystem::remove_all(root_);
  materialise(*tree_, root_, random);
  tree_ = scan(root_);
}

}  // namespace everform::test
