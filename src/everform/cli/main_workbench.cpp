// The program `everform-workbench`, which `everform` starts for what needs torch.
#include <ATen/Parallel.h>

#include "everform/cli/program.h"
#include "everform/cli/workbench_verbs.h"
#include "everform/core/base/memory.h"
#include "everform/systems/all_bindings.h"

int main(int argc, char** argv) {
  everform::keep_freed_memory();
  everform::WorkbenchRuntime runtime;
  everform::bind_all_systems(runtime.systems);
  everform::bind_workbench_verbs(runtime.verbs);
  runtime.set_threads = [](int threads) {
    at::set_num_threads(threads);
    at::set_num_interop_threads(1);
  };
  return everform::run_program(argc, argv, &runtime);
}
