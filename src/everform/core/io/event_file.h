// TensorBoard event files: records of the Event protocol buffer, framed as TFRecords.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "everform/core/base/atomic_file.h"

namespace everform {

/// Writes events.out.tfevents.SECONDS.HOST.PID.N into a folder. A record is
///   uint64 length, uint32 masked CRC-32C of the length, data, uint32 masked CRC-32C of the data
///   (little-endian),
/// with mask(c) = rotate_right(c, 15) + 0xa282ead8. Each record is on its way to the disk when its call
/// returns.
class EventFile {
 public:
  /// @param first_step > 0: tells TensorBoard to forget what other files of the folder say from this step on
  /// Throws Error{kFailed} with the system's reason, as all other calls.
  explicit EventFile(const std::filesystem::path& folder, std::int64_t first_step = 0,
                     FileSystemCalls& calls = system_calls());
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void add_scalar(std::int64_t step, std::string_view tag, double value);
  /// @param png a whole PNG file; its size and colour type are read from its header. Throws Error{kBadInput}
  /// where it is none.
  void add_image(std::int64_t step, std::string_view tag, std::string_view png);

  const std::filesystem::path& path() const { return path_; }

 private:
  void add_record(std::string_view event);

  std::filesystem::path path_;
  FileSystemCalls& calls_;
  int file_ = -1;
};

}  // namespace everform
