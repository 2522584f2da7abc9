#include "everform/workbench/training/checkpoint.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/crashing_file_system.h"

namespace everform {
namespace {

using test::CrashingFileSystem;
using test::TemporaryFolder;
using Fate = CrashingFileSystem::Fate;
using Kind = CrashingFileSystem::Kind;

Checkpoint example(std::int64_t step) {
  const auto value = static_cast<float>(step);
  Checkpoint checkpoint;
  checkpoint.step = step;
  checkpoint.files["weights"] = {{"a", torch::full({5, 3}, value)}, {"b", torch::full({}, step, at::kLong)}};
  checkpoint.files["optimizer"] = {{"a.first_moment", torch::full({300}, value / 3.0F)}};
  checkpoint.state = {{"targets", step * 10}};
  checkpoint.environment = {{"threads", 1}};
  return checkpoint;
}

void expect_example(const std::optional<Checkpoint>& found, std::int64_t step) {
  ASSERT_TRUE(found);
  ASSERT_EQ(found->step, step);
  const Checkpoint wanted = example(step);
  EXPECT_EQ(found->state, wanted.state);
  EXPECT_EQ(found->environment, wanted.environment);
  ASSERT_EQ(found->files.size(), wanted.files.size());
  for (const auto& [file, tensors] : wanted.files) {
    ASSERT_EQ(found->files.at(file).size(), tensors.size());
    for (const auto& [name, tensor] : tensors) {
      EXPECT_TRUE(torch::equal(found->files.at(file).at(name), tensor)) << name;
    }
  }
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }
  void TearDown() override { set_quiet(false); }
  TemporaryFolder temporary_;
};

TEST_F(CheckpointTest, ComesBackAsItWas) {
  CheckpointStore store(temporary_.path());
  EXPECT_FALSE(store.load_newest());
  store.save(example(5), 2);
  expect_example(store.load_newest(), 5);
  store.save(example(1000000), 2);
  store.save(example(2000000), 2);
  EXPECT_EQ(store.steps(), (std::vector<std::int64_t>{1000000, 2000000}));
  EXPECT_EQ(names_in(temporary_.path()), (std::set<std::string>{"step-1000000", "step-2000000"}));
  expect_example(store.load_newest(), 2000000);
}

TEST_F(CheckpointTest, FallsBackToTheNewestIntactOne) {
  CheckpointStore store(temporary_.path());
  const std::vector<std::function<void(const std::filesystem::path&)>> damages = {
      [](const auto& folder) { std::filesystem::remove(folder / "checkpoint.json"); },
      [](const auto& folder) { std::ofstream(folder / "checkpoint.json") << "{\"step\":2"; },
      [](const auto& folder) { std::ofstream(folder / "checkpoint.json") << "{\"step\":2,\"files\":7}"; },
      [](const auto& folder) { std::filesystem::remove(folder / "optimizer.safetensors"); },
      [](const auto& folder) { std::filesystem::resize_file(folder / "weights.safetensors", 100); },
      [](const auto& folder) {
        std::fstream file(folder / "weights.safetensors", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-3, std::ios::end);
        file.put('\x7f');
      },
      [](const auto& folder) {
        std::string text = read_file(folder / "checkpoint.json");
        text.replace(text.find("\"weights\""), 9, "\"../../x\"");
        std::ofstream(folder / "checkpoint.json") << text;
      },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    std::filesystem::remove_all(store.path_of(1));
    std::filesystem::remove_all(store.path_of(2));
    store.save(example(1), 5);
    store.save(example(2), 5);
    damages[i](store.path_of(2));
    expect_example(store.load_newest(), 1);
    store.clean(1);
    EXPECT_EQ(store.steps(), std::vector<std::int64_t>{1}) << i;
    store.save(example(2), 5);
    expect_example(store.load_newest(), 2);
  }
}

TEST_F(CheckpointTest, ABrokenOneInTheWayIsReplaced) {
  CheckpointStore store(temporary_.path());
  store.save(example(1), 5);
  store.save(example(2), 5);
  std::filesystem::resize_file(store.path_of(2) / "weights.safetensors", 10);
  store.save(example(2), 5);
  expect_example(store.load_newest(), 2);
  EXPECT_EQ(names_in(temporary_.path()).size(), 2U);
}

// Every call of a save fails once, in every way it can: the checkpoint before is there, nothing else is left,
// and the next save works.
TEST_F(CheckpointTest, NoFailingCallLosesThePreviousOne) {
  const std::filesystem::path root = temporary_.path() / "run";
  std::size_t total = 0;
  {
    std::filesystem::create_directory(root);
    CrashingFileSystem disk(root);
    CheckpointStore(root, disk).save(example(1), 1);
    total = disk.calls();
    std::filesystem::remove_all(root);
  }
  ASSERT_GT(total, 20U);
  std::map<Kind, int> failed;
  for (const Fate::What what : {Fate::What::kFails, Fate::What::kShort}) {
    for (std::size_t target = 0; target < total + 8; ++target) {
      std::filesystem::remove_all(root);
      std::filesystem::create_directory(root);
      CrashingFileSystem disk(root);
      CheckpointStore store(root, disk);
      store.save(example(1), 1);
      const std::size_t begin = disk.calls();
      bool removal = false;
      disk.decide = [&](std::size_t call, Kind kind) -> Fate {
        if (call != begin + target || (what == Fate::What::kShort && kind != Kind::kWrite)) {
          return {};
        }
        ++failed[kind];
        // Tidying up after the new one is durable may fail without harm.
        removal =
            kind == Kind::kRemove || (kind == Kind::kRename && CheckpointStore(root).steps().size() == 2);
        return {what, ENOSPC};
      };
      bool threw = false;
      try {
        store.save(example(2), 1);
      } catch (const Error& error) {
        threw = true;
        EXPECT_EQ(error.kind(), ErrorKind::kFailed);
        EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos) << error.what();
      }
      disk.decide = {};
      const bool reached = disk.calls() > begin + target;
      EXPECT_EQ(threw, reached && what == Fate::What::kFails && !removal) << target;
      const auto found = CheckpointStore(root).load_newest();
      ASSERT_TRUE(found) << target;
      expect_example(found, found->step);
      EXPECT_TRUE(threw || found->step == 2) << target;
      if (threw) {
        for (const std::string& name : names_in(root)) {
          EXPECT_TRUE(name.starts_with("step-")) << name << " after failing call " << target;
        }
      }
      store.clean(found->step);
      store.save(example(3), 1);
      expect_example(CheckpointStore(root).load_newest(), 3);
      EXPECT_EQ(names_in(root), (std::set<std::string>{"step-000003"})) << target;
    }
  }
  for (const Kind kind : {Kind::kOpen, Kind::kWrite, Kind::kSync, Kind::kClose, Kind::kRename,
                          Kind::kSyncDirectory, Kind::kRemove, Kind::kMakeDirectory}) {
    EXPECT_GT(failed[kind], 0) << static_cast<int>(kind);
  }
}

// 500 kills at random calls of a save, half of them with the power lost, over one growing history.
TEST_F(CheckpointTest, NoKillLosesThePreviousOne) {
  const std::filesystem::path root = temporary_.path() / "run";
  std::filesystem::create_directory(root);
  CheckpointStore(root).save(example(1), 2);
  std::int64_t durable = 1;
  std::int64_t step = 1;
  int before = 0;
  int after = 0;
  for (std::uint64_t kill = 0; kill < 500; ++kill) {
    RandomStream random(0, "kills", kill);
    CrashingFileSystem disk(root);
    const std::size_t target = random.below(45);
    disk.decide = [&](std::size_t call, Kind) -> Fate {
      return {call == target ? Fate::What::kDies : Fate::What::kWorks, EIO};
    };
    CheckpointStore store(root, disk);
    store.clean(durable);
    ++step;
    bool saved = false;
    try {
      store.save(example(step), 1 + static_cast<std::int64_t>(random.below(3)));
      saved = true;
    } catch (const Error&) {
    }
    if (random.bernoulli(0.5)) {
      disk.lose_power(random);
    }
    const auto found = CheckpointStore(root).load_newest();
    ASSERT_TRUE(found) << kill;
    expect_example(found, found->step);
    ASSERT_TRUE(found->step == durable || found->step == step) << kill << ": " << found->step;
    ASSERT_TRUE(!saved || found->step == step) << kill;
    (found->step == step ? after : before) += 1;
    durable = found->step;
  }
  EXPECT_GT(before, 100);
  EXPECT_GT(after, 20);
}

}  // namespace
}  // namespace everform
