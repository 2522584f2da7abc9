#include "everform/core/io/apng.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/png.h"

namespace everform {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kChunkOverhead = 12;  // length, type, checksum

void append_u32(std::string& out, std::uint64_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

void append_u16(std::string& out, std::uint64_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_u32(out, data.size());
  const std::size_t begin = out.size();
  out.append(type).append(data);
  const std::size_t covered = out.size() - begin;
  append_u32(out, crc32_z(0, reinterpret_cast<const Bytef*>(out.data() + begin), covered));
}

std::uint32_t read_u32(std::string_view data, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(data[at + i]);
  }
  return value;
}

/// Calls `visit(type, data)` for each chunk of a PNG that encode_png made.
template <typename Visit>
void for_each_chunk(std::string_view png, Visit visit) {
  std::size_t at = kSignatureBytes;
  while (at + kChunkOverhead <= png.size()) {
    const std::size_t length = read_u32(png, at);
    visit(png.substr(at + 4, 4), png.substr(at + 8, length));
    at += length + kChunkOverhead;
  }
}

std::string frame_control(std::uint32_t sequence, const Animation::Frame& frame) {
  std::string data;
  append_u32(data, sequence);
  append_u32(data, static_cast<std::uint64_t>(frame.image.width));
  append_u32(data, static_cast<std::uint64_t>(frame.image.height));
  append_u32(data, 0);
  append_u32(data, 0);
  append_u16(data, static_cast<std::uint64_t>(std::clamp<std::int64_t>(frame.milliseconds, 0, 65535)));
  append_u16(data, 1000);
  data.append(2, '\0');  // leave the frame in place, overwrite what was there
  return data;
}

}  // namespace

std::string encode_apng(const Animation& animation) {
  check_animation(animation, "writing an APNG");
  std::string out;
  std::uint32_t sequence = 0;
  for (std::size_t i = 0; i < animation.frames.size(); ++i) {
    const std::string png = encode_png(animation.frames[i].image);
    if (i == 0) {
      out = png.substr(0, kSignatureBytes);
    }
    bool controlled = false;
    for_each_chunk(png, [&](std::string_view type, std::string_view data) {
      if (type == "IHDR" && i == 0) {
        append_chunk(out, type, data);
        std::string control;
        append_u32(control, animation.frames.size());
        append_u32(control,
                   static_cast<std::uint64_t>(std::clamp<std::int64_t>(animation.loops, 0, INT32_MAX)));
        append_chunk(out, "acTL", control);
      }
      if (type != "IDAT") {
        return;
      }
      if (!controlled) {
        append_chunk(out, "fcTL", frame_control(sequence++, animation.frames[i]));
        controlled = true;
      }
      if (i == 0) {
        append_chunk(out, type, data);
      } else {
        std::string numbered;
        append_u32(numbered, sequence++);
        append_chunk(out, "fdAT", numbered.append(data));
      }
    });
  }
  append_chunk(out, "IEND", "");
  return out;
}

void write_apng(const std::filesystem::path& path, const Animation& animation) {
  write_file(path, encode_apng(animation));
}

}  // namespace everform
