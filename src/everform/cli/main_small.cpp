// The program `everform`: everything that needs no torch.
#include "everform/cli/program.h"

int main(int argc, char** argv) {
  return everform::run_program(argc, argv, nullptr);
}
