#include "everform/core/base/interrupt.h"

#include <csignal>

#include "everform/core/base/error.h"

namespace everform {
namespace {

volatile std::sig_atomic_t flag = 0;

void on_signal(int number) {
  if (flag != 0) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  flag = 1;
}

}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return flag != 0;
}

void clear_interrupt() {
  flag = 0;
}

void throw_if_interrupted(const char* where) {
  if (interrupted()) {
    throw Error(ErrorKind::kInterrupted, where, "interrupted", "a run goes on with --resume");
  }
}

}  // namespace everform
