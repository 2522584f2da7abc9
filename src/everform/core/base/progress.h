// Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere, nothing with --quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace everform {

class Progress {
 public:
  /// @param label what is counted ("training lifegpt")
  /// @param total number of units, 0 where unknown
  /// @param start the unit that a resumed run goes on from
  Progress(std::string label, std::int64_t total, std::int64_t start = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// @param done units done so far @param note short live text ("loss 1.234")
  void update(std::int64_t done, const std::string& note = "");
  /// Draws the last state and ends the line. The destructor does it too.
  void finish();

 private:
  void draw(bool last);

  std::string label_;
  std::string note_;
  std::int64_t total_;
  std::int64_t start_;
  std::int64_t done_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_;
  bool terminal_;
  bool finished_ = false;
};

/// "1 h 02 min", "3 min 05 s", "12 s".
std::string format_duration(double seconds);
/// "98.4 MB", "1.2 GB" (powers of 1000).
std::string format_bytes(double bytes);

}  // namespace everform
