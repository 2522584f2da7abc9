#include "everform/core/server/embeddings_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"

extern char** environ;

namespace everform::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostWaiting = 256;
constexpr std::size_t kLongestAnswer = std::size_t{256} << 20;

std::vector<std::vector<float>> read_vectors(const std::string& line, std::size_t count) {
  const nlohmann::json answer = nlohmann::json::parse(line, nullptr, false);
  if (answer.is_object() && answer.contains("error")) {
    const nlohmann::json& error = answer["error"];
    const bool said = error.is_object() && error.contains("message") && error["message"].is_string();
    throw Error(ErrorKind::kFailed, "embedding", said ? error["message"].get<std::string>() : "it failed");
  }
  if (!answer.is_object() || !answer.contains("embeddings") || !answer["embeddings"].is_array() ||
      answer["embeddings"].size() != count) {
    throw Error(ErrorKind::kFailed, "embedding", "the worker's answer is not one vector for each text");
  }
  return answer["embeddings"].get<std::vector<std::vector<float>>>();
}

}  // namespace

EmbeddingsWorker::EmbeddingsWorker(WorkerCommand command, std::chrono::milliseconds patience)
    : command_(std::move(command)),
      patience_(patience),
      thread_(std::make_unique<WorkThread>(kMostWaiting)) {}

EmbeddingsWorker::~EmbeddingsWorker() {
  // Ends a read that is under way, so that the thread can be joined.
  if (process_ > 0) {
    kill(-process_, SIGKILL);  // with whatever it started
  }
  thread_.reset();
  stop();
}

bool EmbeddingsWorker::embed(std::vector<std::string> texts, Listener listener) {
  return thread_->post([this, texts = std::move(texts), listener = std::move(listener)] {
    try {
      answer(texts, listener);
    } catch (const std::exception& error) {
      listener.on_error(500, error.what());
    }
  });
}

void EmbeddingsWorker::answer(const std::vector<std::string>& texts, const Listener& listener) {
  if (process_ < 0) {
    start();
  }
  if (process_ < 0) {
    listener.on_error(503, "the worker program " + command_.program +
                               " could not be started; embeddings need the workbench");
    return;
  }
  std::string line;
  if (send_line(json_to_text(nlohmann::json(texts)) + "\n")) {
    line = read_line();
  }
  if (line.empty()) {
    stop();
    listener.on_error(500, "the worker that computes embeddings ended or fell silent");
    return;
  }
  listener.on_vectors(read_vectors(line, texts.size()));
}

void EmbeddingsWorker::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return;
  }
  std::vector<char*> argv = {command_.program.data()};
  for (std::string& argument : command_.arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);  // the server's connections are not its own
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGTERM);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  // A group of its own: Ctrl-C on the server's terminal is the server's.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t process = -1;
  const int code =
      posix_spawn(&process, command_.program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (code != 0) {
    close(ends[0]);
    return;
  }
  process_ = process;
  from_ = to_ = ends[0];
  read_.clear();
}

void EmbeddingsWorker::stop() {
  if (process_ > 0) {
    kill(-process_, SIGKILL);  // with whatever it started
    waitpid(process_, nullptr, 0);
    close(from_);
  }
  process_ = -1;
}

bool EmbeddingsWorker::send_line(const std::string& line) {
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t count = send(to_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) {
      return false;
    }
    sent += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return true;
}

std::string EmbeddingsWorker::read_line() {
  const auto end = Clock::now() + patience_;
  std::size_t searched = 0;
  while (true) {
    const std::size_t newline = read_.find('\n', searched);
    if (newline != std::string::npos) {
      std::string line = read_.substr(0, newline);
      read_.erase(0, newline + 1);
      return line;
    }
    searched = read_.size();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{.fd = from_, .events = POLLIN, .revents = 0};
    if (left <= 0 || read_.size() > kLongestAnswer || poll(&waiting, 1, static_cast<int>(left)) == 0) {
      return {};
    }
    char bytes[65536];
    const ssize_t count = recv(from_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
      return {};
    }
    read_.append(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

}  // namespace everform::server
