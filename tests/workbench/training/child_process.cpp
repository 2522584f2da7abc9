#include "tests/workbench/training/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <vector>

extern char** environ;

namespace everform::test {

pid_t start_test(const std::string& filter, const std::map<std::string, std::string>& variables) {
  std::vector<std::string> texts;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    texts.emplace_back(*entry);
  }
  for (const auto& [name, value] : variables) {
    texts.push_back(name + "=" + value);
  }
  std::vector<char*> environment;
  for (std::string& text : texts) {
    environment.push_back(text.data());
  }
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe";
  std::string option = "--gtest_filter=" + filter;
  char* arguments[] = {program.data(), option.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO,
      (std::getenv("EVERFORM_TEST_LOG") ? std::getenv("EVERFORM_TEST_LOG") : "/dev/null"),
      O_WRONLY | O_APPEND | O_CREAT, 0644);
  posix_spawn_file_actions_addopen(
      &actions, STDERR_FILENO,
      (std::getenv("EVERFORM_TEST_LOG") ? std::getenv("EVERFORM_TEST_LOG") : "/dev/null"),
      O_WRONLY | O_APPEND | O_CREAT, 0644);
  pid_t child = 0;
  const int code = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    throw std::runtime_error("starting " + filter + " failed");
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace everform::test
