// Speed of the packed products beside this machine's roof, all measured in one run:
//   kernel_bench [--type q4_0] [--outputs 5632] [--inputs 2048] [--rows 1] [--threads 1] [--mib 512]
//                [--set avx512] [--activations fast|f32]
// As many copies of the matrix as fill `mib` are multiplied in turn, so that decoding reads from memory as it
// does in a model.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/decoding/kernels/machine_roof.h"
#include "everform/core/decoding/kernels/packed_matrix.h"
#include "everform/core/decoding/kernels/panel_kernels.h"
#include "everform/core/io/quantize.h"

namespace everform {
namespace {

struct Request {
  std::string type = "q4_0";
  std::size_t outputs = 5632;
  std::size_t inputs = 2048;
  std::size_t rows = 1;
  int threads = 1;
  std::size_t mib = 512;
  std::string set;
  std::string activations = "fast";
  bool roof = true;
};

const PanelKernels& chosen_set(const std::string& name) {
  for (const PanelKernels& set : supported_panel_sets()) {
    if (name.empty() || name == set.name) {
      return set;
    }
  }
  throw Error(ErrorKind::kUsage, "kernel_bench", "this machine has no kernels named " + printable(name));
}

std::vector<std::unique_ptr<PackedMatrix>> make_matrices(const Request& request) {
  const auto type = element_type_from_name(request.type);
  if (!type || !can_quantize(*type)) {
    throw Error(ErrorKind::kUsage, "kernel_bench", "no type " + printable(request.type));
  }
  std::vector<float> values(request.outputs * request.inputs);
  RandomStream(1, "kernel_bench").fill_uniform(values);
  for (float& value : values) {
    value -= 0.5F;
  }
  const std::vector<std::byte> data = quantize(*type, values, "bench");
  const TensorView tensor{
      .name = "bench",
      .type = *type,
      .shape = {static_cast<std::int64_t>(request.outputs), static_cast<std::int64_t>(request.inputs)},
      .data = data};
  std::vector<std::unique_ptr<PackedMatrix>> matrices;
  std::size_t bytes = 0;
  do {
    matrices.push_back(pack_matrix(tensor, chosen_set(request.set)));
    bytes += matrices.back()->bytes();
  } while (bytes < request.mib << 20U);
  return matrices;
}

void run(const Request& request) {
  ThreadTeam team(request.threads);
  const auto matrices = make_matrices(request);
  const PackedMatrix& first = *matrices.front();
  ActivationRows x;
  x.resize(request.activations == "f32" ? ActivationPrecision::kFloat32 : first.fast_precision(),
           request.rows, request.inputs);
  std::vector<float> values(request.inputs);
  for (std::size_t r = 0; r < request.rows; ++r) {
    RandomStream(2, "kernel_bench", 0, r).fill_normal(values);
    x.set(r, values);
  }
  std::vector<float> y(request.rows * request.outputs);
  const std::size_t share =
      std::max<std::size_t>(first.panels() / (8 * static_cast<std::size_t>(request.threads)), 1);
  const std::size_t items = (first.panels() + share - 1) / share;
  double best = 1e9;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  do {
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& matrix : matrices) {
      team.run(items, [&](std::size_t item) {
        matrix->multiply(x, item * share, std::min((item + 1) * share, matrix->panels()), y.data(),
                         request.outputs);
      });
    }
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  } while (std::chrono::steady_clock::now() < end);
  const auto copies = static_cast<double>(matrices.size());
  const double bytes = copies * static_cast<double>(first.bytes());
  const double work = copies * static_cast<double>(request.rows * request.outputs * request.inputs);
  std::cout << request.type << ' ' << request.outputs << 'x' << request.inputs << " rows " << request.rows
            << " threads " << request.threads << ": " << bytes / best / 1e9 << " GB/s, " << work / best / 1e9
            << " G multiply-adds/s\n";
}

void print_roof(int threads) {
  ThreadTeam team(threads);
  const double bandwidth = measure_read_bandwidth(team);
  const MultiplyPeaks peaks = measure_multiply_peaks(team);
  std::cout << "roof of " << threads << " threads: " << bandwidth / 1e9 << " GB/s; G multiply-adds/s: int8 "
            << peaks.int8 / 1e9 << ", bf16 " << peaks.bfloat16 / 1e9 << ", f32 " << peaks.float32 / 1e9
            << '\n';
}

}  // namespace
}  // namespace everform

int main(int argc, char** argv) {
  everform::Request request;
  CLI::App app("Speed of the packed products beside this machine's roof");
  app.add_option("--type", request.type);
  app.add_option("--outputs", request.outputs)->check(CLI::Range(1, 1 << 20));
  app.add_option("--inputs", request.inputs)->check(CLI::Range(1, 1 << 20));
  app.add_option("--rows", request.rows)->check(CLI::Range(1, 4096));
  app.add_option("--threads", request.threads)->check(CLI::Range(1, 1024));
  app.add_option("--mib", request.mib, "Memory for copies of the matrix")->check(CLI::Range(1, 1 << 14));
  app.add_option("--set", request.set, "avx512, avx2 or scalar");
  app.add_option("--activations", request.activations)->check(CLI::IsMember({"fast", "f32"}));
  app.add_flag("!--no-roof", request.roof);
  CLI11_PARSE(app, argc, argv);
  try {
    everform::run(request);
    if (request.roof) {
      everform::print_roof(request.threads);
    }
  } catch (const everform::Error& error) {
    std::cerr << error.what() << '\n';
    return error.exit_status();
  }
  return 0;
}
