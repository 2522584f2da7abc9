// everform env: versions, instruction sets, threads and why, libraries found.

#include <unistd.h>

#include <filesystem>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/bundled_models.h"

namespace everform {
namespace {

std::vector<std::string> instruction_sets() {
  std::vector<std::string> sets;
#if defined(__x86_64__)
  const auto add = [&](bool there, const char* name) {
    if (there) {
      sets.emplace_back(name);
    }
  };
  add(__builtin_cpu_supports("avx2") != 0, "avx2");
  add(__builtin_cpu_supports("fma") != 0, "fma");
  add(__builtin_cpu_supports("avx512f") != 0, "avx512f");
  add(__builtin_cpu_supports("avx512bw") != 0, "avx512bw");
  add(__builtin_cpu_supports("avx512vnni") != 0, "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16") != 0, "avx512bf16");
#endif
  return sets;
}

std::string model_place(const BundledModel& model) {
  try {
    return find_bundled_model(model.name)->string();
  } catch (const Error&) {
    return "";
  }
}

ActionResult run_env(const Invocation& invocation) {
  const ThreadChoice choice = choose_threads(invocation.common.threads);
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  const auto workbench = program.parent_path() / "everform-workbench";
  const bool has_workbench = std::filesystem::exists(workbench, code);
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  nlohmann::json models = nlohmann::json::object();
  std::string text = "everform 0.1.0, built by " __VERSION__ "\n";
  text += "threads: " + choice.reason + "\nmemory: " + format_bytes(memory) + "\ninstruction sets:";
  for (const std::string& set : instruction_sets()) {
    text += " " + set;
  }
  text += "\nworkbench: " + (has_workbench ? workbench.string() : std::string("not built")) + "\n";
  for (const BundledModel& model : bundled_models()) {
    const std::string place = model_place(model);
    models[model.name] = place.empty() ? nlohmann::json() : nlohmann::json(place);
    text += "model " + model.name + ": " + (place.empty() ? "not installed" : place) + "\n";
  }
  return {.json = {{"version", "0.1.0"},
                   {"compiler", __VERSION__},
                   {"threads", choice.threads},
                   {"threads_reason", choice.reason},
                   {"memory_bytes", memory},
                   {"instruction_sets", instruction_sets()},
                   {"workbench", has_workbench ? nlohmann::json(workbench.string()) : nlohmann::json()},
                   {"models", models}},
          .text = text};
}

}  // namespace

Verb make_env_verb() {
  return {.name = "env",
          .help = "versions, instruction sets, threads and why, what is installed",
          .example = "everform env",
          .target = Verb::Target::kNone,
          .run = run_env,
          .dispatches_systems = false,
          .uses_threads = false};
}

}  // namespace everform
