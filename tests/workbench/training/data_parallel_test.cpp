#include "everform/workbench/training/data_parallel.h"

#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>
#include <iterator>
#include <sstream>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/child_process.h"
#include "tests/workbench/training/run_comparison.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::tiny_job;
using test::TinyJob;

/// A port that was free a moment ago.
std::string free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bind(listener, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  close(listener);
  return std::to_string(ntohs(address.sin_port));
}

/// The exit statuses of a test run as `world` processes.
std::vector<int> run_processes(const std::string& filter, int world,
                               std::map<std::string, std::string> variables) {
  variables["WORLD_SIZE"] = std::to_string(world);
  variables["MASTER_ADDR"] = "127.0.0.1";
  variables["MASTER_PORT"] = free_port();
  std::vector<pid_t> children;
  for (int rank = 0; rank < world; ++rank) {
    variables["RANK"] = std::to_string(rank);
    children.push_back(test::start_test(filter, variables));
  }
  std::vector<int> statuses;
  for (const pid_t child : children) {
    statuses.push_back(test::wait_for(child));
  }
  return statuses;
}

std::vector<std::string> sgd() {
  return {"training.optimizer=sgd", "training.learning_rate=0.5", "training.clip=0.3", "training.ema=0.9"};
}

std::string joined(const std::vector<std::string>& sets) {
  std::string text;
  for (const std::string& set : sets) {
    text += set + " ";
  }
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream input(text);
  return {std::istream_iterator<std::string>(input), {}};
}

void run_group(int world, const std::filesystem::path& run, const std::vector<std::string>& sets,
               bool resume = false) {
  std::map<std::string, std::string> variables{{"EVERFORM_TEST_RUN", run.string()},
                                               {"EVERFORM_TEST_SETS", joined(sets)}};
  if (resume) {
    variables["EVERFORM_TEST_RESUME"] = "1";
  }
  for (const int status : run_processes("DataParallelTest.Child", world, variables)) {
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

class DataParallelTest : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    at::set_num_threads(1);
  }
  void TearDown() override { set_quiet(false); }
  test::TemporaryFolder folder_;
};

// The declarations of Gloo in gloo_declarations/ and this class's layout belong to this version: check them
// when it changes.
TEST_F(DataParallelTest, TorchIsTheVersionTheDeclarationsWereMadeFor) {
  EXPECT_STREQ(TORCH_VERSION, "2.13.0");
}

TEST_F(DataParallelTest, Child) {
  const char* run = std::getenv("EVERFORM_TEST_RUN");
  if (run == nullptr) {
    GTEST_SKIP() << "runs as a child process";
  }
  // Rank 1 begins with other weights; rank 0's must reach it.
  const bool first = std::string(std::getenv("RANK")) == "0";
  TinyJob tiny = tiny_job(split(std::getenv("EVERFORM_TEST_SETS")));
  if (!first) {
    const torch::NoGradGuard no_grad;
    tiny.model->head.fill_(0.5);
  }
  tiny.job.processes = process_group_from_environment(60.0);
  const bool resume = std::getenv("EVERFORM_TEST_RESUME") != nullptr;
  const TrainingResult result = train(tiny.job, run, resume);
  EXPECT_EQ(result.steps, tiny.job.options.steps);
}

TEST_F(DataParallelTest, TwoProcessesEqualOne) {
  const auto alone = folder_.path() / "alone";
  TinyJob whole = tiny_job(sgd());
  train(whole.job, alone, false);
  const auto path = folder_.path() / "two";
  run_group(2, path, sgd());
  const auto a = test::metric_rows(alone);
  const auto b = test::metric_rows(path);
  ASSERT_EQ(a.size(), 20U);
  ASSERT_EQ(b.size(), 20U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].at("loss").get<double>(), b[i].at("loss").get<double>(), 1e-5);
    EXPECT_NEAR(a[i].at("accuracy").get<double>(), b[i].at("accuracy").get<double>(), 1e-6);
    EXPECT_EQ(a[i].at("targets"), b[i].at("targets"));
  }
  const NamedTensors ours = read_tensors(alone / "model.safetensors");
  const NamedTensors theirs = read_tensors(path / "model.safetensors");
  for (const auto& [name, tensor] : ours) {
    if (tensor.is_floating_point()) {
      EXPECT_LT((tensor - theirs.at(name)).abs().max().item<float>(), 1e-5F) << name;
    }
  }
}

// The weights after one step of gradient descent with a huge rate are the gradient.
TEST_F(DataParallelTest, FirstGradientDoesNotDependOnTheProcesses) {
  const std::vector<std::string> one_step{"training.optimizer=sgd", "training.learning_rate=100",
                                          "training.clip=0", "training.steps=1"};
  const auto alone = folder_.path() / "alone";
  const auto path = folder_.path() / "two";
  TinyJob whole = tiny_job(one_step);
  const NamedTensors before{{"embedding", whole.model->embedding.detach().clone()},
                            {"hidden", whole.model->hidden.detach().clone()},
                            {"head", whole.model->head.detach().clone()}};
  train(whole.job, alone, false);
  run_group(2, path, one_step);
  const auto gradient = [&](const std::filesystem::path& run) {
    const NamedTensors after = read_tensors(run / "model.safetensors");
    std::vector<torch::Tensor> parts;
    for (const auto& [name, weight] : before) {
      parts.push_back((weight - after.at(name)).flatten());
    }
    return torch::cat(parts);
  };
  const torch::Tensor wanted = gradient(alone);
  EXPECT_GT(wanted.norm().item<double>(), 1.0);
  EXPECT_LT((wanted - gradient(path)).norm().item<double>(), 1e-6 * wanted.norm().item<double>());
}

TEST_F(DataParallelTest, ResumesBitForBit) {
  const auto straight = folder_.path() / "straight";
  const auto path = folder_.path() / "resumed";
  std::vector<std::string> half = sgd();
  half.push_back("training.steps=10");
  run_group(3, straight, sgd());
  run_group(3, path, half);
  run_group(3, path, sgd(), true);
  test::expect_same_runs(path, straight);
}

// The gradient itself, as one process sees it after the sum.
TEST_F(DataParallelTest, SumChild) {
  const char* file = std::getenv("EVERFORM_TEST_FILE");
  if (file == nullptr) {
    GTEST_SKIP() << "runs as a child process";
  }
  const auto group = process_group_from_environment(60.0);
  ASSERT_NE(group, nullptr);
  const auto rank = static_cast<double>(group->rank());
  std::vector<torch::Tensor> tensors{torch::full({3}, 1.0 + rank),
                                     torch::full({2, 2}, 10.0 + rank, at::kDouble),
                                     torch::full({1}, 0.5 * rank)};
  group->sum(tensors);
  std::vector<torch::Tensor> shared{torch::full({4}, rank + 7.0),
                                    torch::full({}, static_cast<std::int64_t>(rank) + 3, at::kLong)};
  group->broadcast(shared);
  group->barrier();
  if (group->rank() == group->world() - 1) {
    write_tensors(
        file, {{"a", tensors[0]}, {"b", tensors[1]}, {"c", tensors[2]}, {"d", shared[0]}, {"e", shared[1]}});
  }
}

TEST_F(DataParallelTest, SumsAndBroadcastsEveryTypeAndShape) {
  const auto file = folder_.path() / "sums.safetensors";
  for (const int status :
       run_processes("DataParallelTest.SumChild", 3, {{"EVERFORM_TEST_FILE", file.string()}})) {
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  const NamedTensors tensors = read_tensors(file);
  EXPECT_TRUE(torch::equal(tensors.at("a"), torch::full({3}, 6.0)));
  EXPECT_TRUE(torch::equal(tensors.at("b"), torch::full({2, 2}, 33.0, at::kDouble)));
  EXPECT_TRUE(torch::equal(tensors.at("c"), torch::full({1}, 1.5)));
  EXPECT_TRUE(torch::equal(tensors.at("d"), torch::full({4}, 7.0)));
  EXPECT_EQ(tensors.at("e").item<std::int64_t>(), 3);
}

class EnvironmentTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"WORLD_SIZE", "RANK", "MASTER_ADDR", "MASTER_PORT"}) {
      unsetenv(name);
    }
  }
  static ErrorKind kind_of_failure() {
    try {
      process_group_from_environment(1.0);
    } catch (const Error& error) {
      EXPECT_FALSE(error.hint().empty());
      return error.kind();
    }
    ADD_FAILURE();
    return ErrorKind::kFailed;
  }
};

TEST_F(EnvironmentTest, OneProcessNeedsNoGroup) {
  EXPECT_EQ(process_group_from_environment(), nullptr);
  setenv("WORLD_SIZE", "1", 1);
  EXPECT_EQ(process_group_from_environment(), nullptr);
}

TEST_F(EnvironmentTest, RefusesWhatMakesNoSense) {
  setenv("MASTER_PORT", "1234", 1);
  setenv("RANK", "0", 1);
  for (const char* world : {"zero", "0", "-2", "2x", "99999999999999999999"}) {
    setenv("WORLD_SIZE", world, 1);
    EXPECT_EQ(kind_of_failure(), ErrorKind::kUsage) << world;
  }
  setenv("WORLD_SIZE", "2", 1);
  for (const char* rank : {"2", "-1", ""}) {
    setenv("RANK", rank, 1);
    EXPECT_EQ(kind_of_failure(), ErrorKind::kUsage) << rank;
  }
  setenv("RANK", "0", 1);
  setenv("MASTER_PORT", "70000", 1);
  EXPECT_EQ(kind_of_failure(), ErrorKind::kUsage);
}

TEST_F(EnvironmentTest, SaysWhereTheOthersAreMissing) {
  setenv("WORLD_SIZE", "2", 1);
  setenv("RANK", "1", 1);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  setenv("MASTER_PORT", free_port().c_str(), 1);
  EXPECT_EQ(kind_of_failure(), ErrorKind::kMissing);
}

}  // namespace
}  // namespace everform
