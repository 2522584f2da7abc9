#include "everform/core/base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "everform/core/base/log.h"

namespace everform {
namespace {

constexpr std::chrono::milliseconds kTerminalInterval{100};
constexpr std::chrono::seconds kPlainInterval{15};
constexpr int kBarWidth = 24;

}  // namespace

Progress::Progress(std::string label, std::int64_t total, std::int64_t start)
    : label_(std::move(label)),
      total_(total),
      start_(start),
      done_(start),
      began_(std::chrono::steady_clock::now()),
      drawn_(began_),
      terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  finish();
}

void Progress::update(std::int64_t done, const std::string& note) {
  done_ = done;
  if (!note.empty()) {
    note_ = note;
  }
  const auto now = std::chrono::steady_clock::now();
  const bool due = terminal_ ? now - drawn_ >= kTerminalInterval : now - drawn_ >= kPlainInterval;
  if (due) {
    drawn_ = now;
    draw(false);
  }
}

void Progress::finish() {
  if (!finished_) {
    finished_ = true;
    draw(true);
  }
}

void Progress::draw(bool last) {
  if (is_quiet()) {
    return;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  std::string line = label_ + " ";
  if (total_ > 0) {
    const double share = std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
    if (terminal_) {
      const int filled = static_cast<int>(std::lround(share * kBarWidth));
      line += "[" + std::string(static_cast<std::size_t>(filled), '#') +
              std::string(static_cast<std::size_t>(kBarWidth - filled), '.') + "] ";
    }
    line += std::to_string(done_) + "/" + std::to_string(total_);
  } else {
    line += std::to_string(done_);
  }
  const std::int64_t made = done_ - start_;
  if (last) {
    line += "  in " + format_duration(seconds);
  } else if (total_ > 0 && made > 0) {
    line += "  " +
            format_duration(seconds / static_cast<double>(made) * static_cast<double>(total_ - done_)) +
            " left";
  }
  if (!note_.empty()) {
    line += "  " + note_;
  }
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s%s", line.c_str(), last ? "\n" : "");
    std::fflush(stderr);
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  char text[64];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld s", whole);
  }
  return text;
}

std::string format_bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1000.0 && unit < 4) {
    bytes /= 1000.0;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

}  // namespace everform
