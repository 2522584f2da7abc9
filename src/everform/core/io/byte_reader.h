// Reads little-endian values from memory and refuses to go past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "everform/core/base/error.h"

namespace everform {

class ByteReader {
 public:
  /// @param where for errors: "reading model.gguf"
  ByteReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  const std::string& where() const { return where_; }

  template <typename T>
  T read(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> take(std::uint64_t count, const char* what) {
    if (count > remaining()) {
      fail(std::string(what) + " needs " + std::to_string(count) + " bytes at offset " +
           std::to_string(position_) + ", but only " + std::to_string(remaining()) +
           " are left: the file is cut short or lies");
    }
    const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::kBadInput, where_, message);
  }

 private:
  std::span<const std::byte> bytes_;
  std::string where_;
  std::size_t position_ = 0;
};

}  // namespace everform
