// The rule of the house: a system's folder only composes. What grows beyond this belongs into a domain or an
// axis.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "everform/core/base/atomic_file.h"

namespace everform {
namespace {

TEST(SystemFolders, HoldUnderFourHundredLinesOfCpp) {
  constexpr std::int64_t kMost = 400;
  std::map<std::string, std::int64_t> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("src/everform/systems")) {
    const std::filesystem::path& file = entry.path();
    if (file.extension() == ".cpp" || file.extension() == ".h") {
      const std::string text = read_file(file);
      lines[file.parent_path().string()] += std::count(text.begin(), text.end(), '\n');
    }
  }
  EXPECT_GE(lines.size(), 4U);
  for (const auto& [folder, count] : lines) {
    EXPECT_LT(count, kMost) << folder;
  }
}

}  // namespace
}  // namespace everform
