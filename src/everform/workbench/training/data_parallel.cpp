#include "everform/workbench/training/data_parallel.h"

#include <c10/util/Logging.h>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "everform/core/base/error.h"

namespace everform {
namespace {

// As torch's own: the others wait while one process evaluates. A process that has ended is noticed at once.
constexpr std::chrono::minutes kExchangeTimeout{30};

/// c10d logs every failure with a stack trace before it throws it; here it is told once, as an error.
class QuietTorch {
 public:
  QuietTorch() { FLAGS_caffe2_log_level = c10::GLOG_FATAL; }
  ~QuietTorch() { FLAGS_caffe2_log_level = before_; }
  QuietTorch(const QuietTorch&) = delete;
  QuietTorch& operator=(const QuietTorch&) = delete;

 private:
  int before_ = FLAGS_caffe2_log_level;
};

/// What torchrun tells its processes.
struct Rendezvous {
  std::int64_t rank = 0;
  std::int64_t world = 1;
  std::string address = "127.0.0.1";
  std::int64_t port = 29500;
};

std::string first_line(const char* text) {
  const std::string all = text;
  return all.substr(0, all.find('\n'));
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

std::int64_t number(const char* name, std::int64_t low, std::int64_t high) {
  const std::string text = variable(name).value_or("");
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() || value < low ||
      value > high) {
    throw Error(ErrorKind::kUsage, "joining the training's processes",
                std::string(name) + " is \"" + printable(text) + "\", and must be a whole number from " +
                    std::to_string(low) + " to " + std::to_string(high),
                "start the processes with torchrun, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT");
  }
  return value;
}

c10::intrusive_ptr<c10d::Store> open_store(const Rendezvous& rendezvous, std::chrono::milliseconds timeout) {
  // torchrun may serve the store itself; its processes then all connect, under a prefix of the attempt.
  const bool agent = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(rendezvous.port);
  options.isServer = rendezvous.rank == 0 && !agent;
  options.numWorkers = static_cast<std::size_t>(rendezvous.world);
  options.waitWorkers = !agent;
  options.timeout = timeout;
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(rendezvous.address, options);
  if (!agent) {
    return store;
  }
  const std::string attempt = variable("TORCHELASTIC_RESTART_COUNT").value_or("0");
  return c10::make_intrusive<c10d::PrefixStore>("/worker/attempt_" + attempt, store);
}

std::shared_ptr<::gloo::transport::Device> open_device(const Rendezvous& rendezvous) {
  if (const auto interface = variable("GLOO_SOCKET_IFNAME")) {
    return c10d::ProcessGroupGloo::createDeviceForInterface(*interface);
  }
  const bool local = rendezvous.address == "localhost" || rendezvous.address.starts_with("127.");
  return local ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
               : c10d::ProcessGroupGloo::createDefaultDevice();
}

class GlooGroup final : public ProcessGroup {
 public:
  GlooGroup(const Rendezvous& rendezvous, std::chrono::milliseconds timeout)
      : rank_(rendezvous.rank), world_(rendezvous.world), store_(open_store(rendezvous, timeout)) {
    auto options = c10d::ProcessGroupGloo::Options::create(kExchangeTimeout);
    options->devices.push_back(open_device(rendezvous));
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, static_cast<int>(rank_),
                                                         static_cast<int>(world_), options);
  }

  std::int64_t rank() const override { return rank_; }
  std::int64_t world() const override { return world_; }

  void sum(std::vector<torch::Tensor>& tensors) override {
    // Gloo's ring adds each chunk in the order of the ranks along the ring, which only the world's size
    // decides.
    through_buffers(tensors,
                    [this](std::vector<torch::Tensor>& buffer) { return group_->allreduce(buffer); });
  }

  void broadcast(std::vector<torch::Tensor>& tensors) override {
    through_buffers(tensors,
                    [this](std::vector<torch::Tensor>& buffer) { return group_->broadcast(buffer); });
  }

  void barrier() override {
    guarded([this] { return group_->barrier(); });
  }

 private:
  template <typename Start>
  void guarded(Start start) {
    try {
      start()->wait();
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kFailed, "exchanging data between the training's processes",
                  first_line(error.what()),
                  "another process has probably ended; see its messages, and go on with --resume");
    }
  }

  // One message a type: many small tensors would each pay the latency.
  template <typename Start>
  void through_buffers(std::vector<torch::Tensor>& tensors, Start start) {
    const torch::NoGradGuard no_grad;
    std::map<at::ScalarType, std::vector<torch::Tensor>> by_type;
    for (const torch::Tensor& tensor : tensors) {
      by_type[tensor.scalar_type()].push_back(tensor);
    }
    for (auto& [type, members] : by_type) {
      std::vector<torch::Tensor> flat;
      for (const torch::Tensor& member : members) {
        flat.push_back(member.detach().reshape({-1}).to(torch::kCPU));
      }
      std::vector<torch::Tensor> buffer{torch::cat(flat)};
      guarded([&] { return start(buffer); });
      std::int64_t offset = 0;
      for (torch::Tensor& member : members) {
        member.copy_(buffer[0].narrow(0, offset, member.numel()).view(member.sizes()));
        offset += member.numel();
      }
    }
  }

  std::int64_t rank_;
  std::int64_t world_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

std::shared_ptr<ProcessGroup> process_group_from_environment(double timeout_seconds) {
  if (!variable("WORLD_SIZE") || number("WORLD_SIZE", 1, 1 << 16) == 1) {
    return nullptr;
  }
  static std::weak_ptr<ProcessGroup> living;
  if (auto group = living.lock()) {
    return group;
  }
  const QuietTorch quiet;
  Rendezvous rendezvous;
  rendezvous.world = number("WORLD_SIZE", 1, 1 << 16);
  rendezvous.rank = number("RANK", 0, rendezvous.world - 1);
  rendezvous.port = number("MASTER_PORT", 1, 65535);
  rendezvous.address = variable("MASTER_ADDR").value_or("127.0.0.1");
  try {
    auto group = std::make_shared<GlooGroup>(
        rendezvous, std::chrono::milliseconds(static_cast<std::int64_t>(1000 * timeout_seconds)));
    living = group;
    return group;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(
        ErrorKind::kMissing,
        "joining the training's processes at " + rendezvous.address + ":" + std::to_string(rendezvous.port),
        first_line(error.what()), "start all " + std::to_string(rendezvous.world) + " processes");
  }
}

}  // namespace everform
