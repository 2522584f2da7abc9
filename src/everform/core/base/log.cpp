#include "everform/core/base/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>

namespace everform {
namespace {
std::atomic<bool> quiet_flag{false};
}

void set_quiet(bool quiet) {
  quiet_flag = quiet;
}
bool is_quiet() {
  return quiet_flag;
}

void log_info(const std::string& line) {
  if (!is_quiet()) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void log_warning(const std::string& line) {
  std::fprintf(stderr, "warning: %s\n", line.c_str());
}

void log_once(const std::string& line) {
  static std::mutex mutex;
  static std::set<std::string> seen;
  const std::lock_guard lock(mutex);
  if (seen.insert(line).second) {
    log_info(line);
  }
}

}  // namespace everform
