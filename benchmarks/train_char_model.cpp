// Training speed of the 10.8M-parameter character model here and in PyTorch eager, from the same weights and
// batches, taking turns.
//
//   train_char_model --data FILE --python PYTHON [--steps 200] [--turn 10] [--threads N] [--fp32] [--peer
//   benchmarks/train_char_model.py]
//
// PYTHON needs torch (the same version) and safetensors. Prints tokens a second of both sides by wall clock
// and by CPU time, their ratio, and both losses of the last step.

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/memory.h"
#include "everform/core/base/random.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/layers/autocast.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/cross_entropy.h"
#include "everform/workbench/training/optimizer.h"

namespace everform {
namespace {

constexpr std::int64_t kBatch = 16;
constexpr std::int64_t kContext = 256;

struct Setup {
  std::string data;
  std::string python = "python3";
  std::string peer = "benchmarks/train_char_model.py";
  std::int64_t steps = 200;
  std::int64_t turn = 10;
  int threads = 1;
  bool bf16 = true;
  double learning_rate = 1e-3;
  std::int64_t warmup = 20;
};

Setup parse(int argc, char** argv) {
  Setup setup;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--fp32") {
      setup.bf16 = false;
      continue;
    }
    if (i + 1 == argc) {
      throw Error(ErrorKind::kUsage, "train_char_model", option + " needs a value");
    }
    const std::string value = argv[++i];
    if (option == "--data") {
      setup.data = value;
    } else if (option == "--python") {
      setup.python = value;
    } else if (option == "--peer") {
      setup.peer = value;
    } else if (option == "--steps") {
      setup.steps = std::stoll(value);
    } else if (option == "--turn") {
      setup.turn = std::stoll(value);
    } else if (option == "--threads") {
      setup.threads = std::stoi(value);
    } else {
      throw Error(ErrorKind::kUsage, "train_char_model", "no option " + option);
    }
  }
  if (setup.data.empty() || setup.turn < 1 || setup.steps < setup.turn) {
    throw Error(ErrorKind::kUsage, "train_char_model",
                "--data FILE is needed, and at least one turn of steps");
  }
  return setup;
}

/// Random windows of the text as character ids, int32 [steps, kBatch, kContext + 1].
torch::Tensor make_batches(const std::string& text, std::int64_t steps, std::int64_t& vocabulary) {
  std::map<char, std::int32_t> ids;
  for (const char letter : text) {
    ids.emplace(letter, 0);
  }
  vocabulary = 0;
  for (auto& [letter, id] : ids) {
    id = static_cast<std::int32_t>(vocabulary++);
  }
  if (static_cast<std::int64_t>(text.size()) <= kContext + 1) {
    throw Error(ErrorKind::kBadInput, "train_char_model", "the text is shorter than one window");
  }
  torch::Tensor batches = torch::empty({steps, kBatch, kContext + 1}, torch::dtype(at::kInt));
  std::int32_t* out = batches.data_ptr<std::int32_t>();
  for (std::int64_t window = 0; window < steps * kBatch; ++window) {
    RandomStream random(0, "windows", static_cast<std::uint64_t>(window));
    const std::size_t begin = random.below(text.size() - kContext - 1);
    for (std::int64_t i = 0; i <= kContext; ++i) {
      *out++ = ids.at(text[begin + static_cast<std::size_t>(i)]);
    }
  }
  return batches;
}

TransformerConfig character_model(std::int64_t vocabulary) {
  return {.vocabulary = vocabulary,
          .width = 384,
          .depth = 6,
          .heads = 6,
          .ff_width = 1536,
          .context = kContext,
          .norm = NormKind::kLayerNorm,
          .norm_bias = true,
          .positions = PositionKind::kLearned,
          .activation = Activation::kGelu,
          .gated_mlp = false,
          .qkv_bias = true,
          .attention_output_bias = true,
          .mlp_bias = true,
          .tied = true};
}

/// A folder of its own, removed at the end.
class ExchangeFolder {
 public:
  ExchangeFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "train-char-model-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw Error(ErrorKind::kFailed, "train_char_model", "no temporary folder could be made");
    }
    path_ = name;
  }
  ~ExchangeFolder() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  ExchangeFolder(const ExchangeFolder&) = delete;
  ExchangeFolder& operator=(const ExchangeFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Turn {
  double seconds = 0.0;
  double cpu_seconds = 0.0;
  double last_loss = 0.0;
};

double cpu_now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Everform's side.
class Trainee {
 public:
  Trainee(const Setup& setup, const TransformerConfig& config, torch::Tensor batches)
      : setup_(setup),
        model_(config),
        batches_(std::move(batches)),
        optimizer_(groups(model_), {.weight_decay = 0.1, .beta2 = 0.99}) {
    initialise(model_, 0);
  }

  const Transformer& model() const { return model_; }

  Turn run(std::int64_t steps) {
    const auto began = std::chrono::steady_clock::now();
    const double cpu_began = cpu_now();
    torch::Tensor loss;
    for (std::int64_t i = 0; i < steps; ++i) {
      loss = step();
    }
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
            cpu_now() - cpu_began, loss.item<double>()};
  }

 private:
  static std::vector<ParameterGroup> groups(const Transformer& model) {
    Phase phase;
    phase.parameters = model.parameters();
    return parameter_groups(phase);
  }

  double rate() const {
    if (step_ < setup_.warmup) {
      return setup_.learning_rate * static_cast<double>(step_ + 1) / static_cast<double>(setup_.warmup);
    }
    const double share =
        static_cast<double>(step_ - setup_.warmup) / static_cast<double>(setup_.steps - setup_.warmup);
    return setup_.learning_rate * (0.1 + 0.9 * 0.5 * (1.0 + std::cos(M_PI * std::min(1.0, share))));
  }

  torch::Tensor step() {
    const torch::Tensor tokens = batches_[step_ % batches_.size(0)].to(at::kLong);
    torch::Tensor loss;
    {
      const AutocastScope scope(at::kCPU, setup_.bf16);
      const torch::Tensor hidden = model_.forward({.tokens = tokens.narrow(1, 0, kContext)});
      loss = cross_entropy(hidden.flatten(0, 1), model_.head_weight(), {},
                           tokens.narrow(1, 1, kContext).flatten())
                 .sum /
             static_cast<double>(kBatch * kContext);
    }
    optimizer_.clear_gradients();
    loss.backward();
    // Clipping to norm 1, as torch.nn.utils.clip_grad_norm_ does it.
    const torch::Tensor norm = gradient_norm(optimizer_.gradients());
    optimizer_.step(rate(), (norm + 1e-6).clamp_min(1.0).to(at::kFloat));
    ++step_;
    return loss.detach();
  }

  Setup setup_;
  Transformer model_;
  torch::Tensor batches_;
  Optimizer optimizer_;
  std::int64_t step_ = 0;
};

/// PyTorch's side: a child process that is told when to run.
class Peer {
 public:
  Peer(const Setup& setup, const std::filesystem::path& folder) : answer_(folder / "answers") {
    const std::string command =
        "'" + setup.python + "' '" + setup.peer + "' '" + folder.string() + "' > '" + answer_.string() + "'";
    child_ = popen(command.c_str(), "w");
    if (child_ == nullptr) {
      throw Error(ErrorKind::kMissing, "starting " + setup.python, "no process could be made");
    }
  }
  ~Peer() {
    std::fputs("quit\n", child_);
    pclose(child_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Turn run(std::int64_t steps) {
    std::fprintf(child_, "run %lld\n", static_cast<long long>(steps));
    std::fflush(child_);
    std::string text;
    std::size_t end = std::string::npos;
    // Polling costs nothing beside a turn of seconds, and the child's time is its own.
    while ((end = text.find('\n', read_)) == std::string::npos) {
      const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
      nanosleep(&pause, nullptr);
      text = std::filesystem::exists(answer_) ? read_file(answer_) : "";
      if (std::fputs("", child_) < 0 || std::ferror(child_) != 0) {
        throw Error(ErrorKind::kFailed, "running the PyTorch side", "its process ended",
                    "see its message above");
      }
    }
    const nlohmann::json answer = parse_json(text.substr(read_, end - read_), "the PyTorch side's answer");
    read_ = end + 1;
    return {answer.at("seconds"), answer.at("cpu_seconds"), answer.at("losses").back()};
  }

 private:
  std::filesystem::path answer_;
  FILE* child_ = nullptr;
  std::size_t read_ = 0;
};

void write_setup(const Setup& setup, const TransformerConfig& config, const std::filesystem::path& folder) {
  const nlohmann::json json = {{"model",
                                {{"vocabulary", config.vocabulary},
                                 {"width", config.width},
                                 {"depth", config.depth},
                                 {"heads", config.heads},
                                 {"context", config.context},
                                 {"bias", true}}},
                               {"threads", setup.threads},
                               {"bf16", setup.bf16},
                               {"learning_rate", setup.learning_rate},
                               {"warmup", setup.warmup},
                               {"steps", setup.steps},
                               {"weight_decay", 0.1},
                               {"beta1", 0.9},
                               {"beta2", 0.99},
                               {"epsilon", 1e-8},
                               {"clip", 1.0}};
  write_file(folder / "setup.json", json_to_text(json));
}

void add(Turn& total, const Turn& turn) {
  total.seconds += turn.seconds;
  total.cpu_seconds += turn.cpu_seconds;
  total.last_loss = turn.last_loss;
}

int run(int argc, char** argv) {
  keep_freed_memory();
  const Setup setup = parse(argc, argv);
  at::set_num_threads(setup.threads);
  set_default_threads(setup.threads);
  std::int64_t vocabulary = 0;
  const torch::Tensor batches = make_batches(read_file(setup.data), setup.steps, vocabulary);
  const TransformerConfig config = character_model(vocabulary);
  Trainee ours(setup, config, batches);
  const ExchangeFolder folder;
  save_parameters(ours.model(), folder.path() / "weights.safetensors");
  write_safetensors(folder.path() / "batches.safetensors", {to_stored("tokens", batches)});
  write_setup(setup, config, folder.path());
  Peer theirs(setup, folder.path());
  Turn our_total;
  Turn their_total;
  std::int64_t done = 0;
  while (done < setup.steps) {
    const std::int64_t now = std::min(setup.turn, setup.steps - done);
    const Turn a = ours.run(now);
    const Turn b = theirs.run(now);
    if (done > 0) {  // the first turn warms both sides up
      add(our_total, a);
      add(their_total, b);
    }
    done += now;
    std::printf("step %lld: %.3f against %.3f s wall, %.3f against %.3f s CPU, loss %.4f against %.4f\n",
                static_cast<long long>(done), a.seconds, b.seconds, a.cpu_seconds, b.cpu_seconds, a.last_loss,
                b.last_loss);
    std::fflush(stdout);
  }
  const double tokens = static_cast<double>((setup.steps - setup.turn) * kBatch * kContext);
  std::printf(
      "%s, %d threads: everform %.0f, PyTorch eager %.0f tokens/s: ratio %.3f (by CPU time %.3f); losses "
      "%.4f and %.4f\n",
      setup.bf16 ? "bf16" : "fp32", setup.threads, tokens / our_total.seconds, tokens / their_total.seconds,
      their_total.seconds / our_total.seconds, their_total.cpu_seconds / our_total.cpu_seconds,
      our_total.last_loss, their_total.last_loss);
  return 0;
}

}  // namespace
}  // namespace everform

int main(int argc, char** argv) {
  try {
    return everform::run(argc, argv);
  } catch (const everform::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_status();
  }
}
