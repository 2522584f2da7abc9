#include "everform/core/base/atomic_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "everform/core/base/error.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

/// Fails the n-th call, writes at most `chunk` bytes at once.
class FailingCalls : public FileSystemCalls {
 public:
  explicit FailingCalls(int failing, std::size_t chunk = 1000) : failing_(failing), chunk_(chunk) {}
  int open_for_write(const char* path) override {
    return fails() ? -1 : FileSystemCalls::open_for_write(path);
  }
  long write(int file, const void* data, std::size_t bytes) override {
    return fails() ? -1 : FileSystemCalls::write(file, data, std::min(bytes, chunk_));
  }
  int sync(int file) override { return fails() ? -1 : FileSystemCalls::sync(file); }
  int rename(const char* from, const char* to) override {
    return fails() ? -1 : FileSystemCalls::rename(from, to);
  }

 private:
  bool fails() {
    errno = ENOSPC;
    return calls_++ == failing_;
  }
  int failing_;
  std::size_t chunk_;
  int calls_ = 0;
};

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(AtomicFile, CommitReplacesTheOldFile) {
  test::TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  write_file(path, "old");
  write_file(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  test::TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("half");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(AtomicFile, ShortWritesAreContinued) {
  test::TemporaryFolder folder;
  FailingCalls calls(-1, 3);
  const std::string text(100, 'x');
  write_file(folder.path() / "a.txt", text, calls);
  EXPECT_EQ(read_file(folder.path() / "a.txt"), text);
}

TEST(AtomicFile, AFailureAnywhereKeepsTheOldFile) {
  for (int failing = 0; failing < 7; ++failing) {
    test::TemporaryFolder folder;
    const auto path = folder.path() / "a.txt";
    write_file(path, "old");
    FailingCalls calls(failing, 2);
    EXPECT_THROW(write_file(path, "new text", calls), Error) << failing;
    EXPECT_EQ(read_file(path), "old") << failing;
    EXPECT_EQ(files_in(folder.path()), 1U) << failing;
  }
}

TEST(ReadFile, SaysWhatIsWrong) {
  test::TemporaryFolder folder;
  const auto kind_of = [](const std::filesystem::path& path, std::size_t limit) {
    try {
      read_file(path, limit);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kInterrupted;
  };
  EXPECT_EQ(kind_of(folder.path() / "absent", 10), ErrorKind::kMissing);
  EXPECT_EQ(kind_of(folder.path(), 10), ErrorKind::kBadInput);
  write_file(folder.path() / "long", "12345678901");
  EXPECT_EQ(kind_of(folder.path() / "long", 10), ErrorKind::kBadInput);
}

TEST(PrepareOutputFolder, NeedsLeaveToOverwrite) {
  test::TemporaryFolder folder;
  write_file(folder.path() / "there", "x");
  EXPECT_THROW(prepare_output_folder(folder.path(), false), Error);
  prepare_output_folder(folder.path(), true);
  EXPECT_EQ(files_in(folder.path()), 0U);
  EXPECT_THROW(prepare_output_folder("/proc/nothing/here", false), Error);
}

}  // namespace
}  // namespace everform
