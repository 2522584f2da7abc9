// Picture files of every kind: PNG, GIF, PBM and PGM.
#include <cstddef>
#include <cstdint>
#include <span>

#include "everform/core/base/error.h"
#include "everform/core/io/picture_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const everform::ImageLimits limits{.side = 512, .pixels = 1 << 18, .frames = 16};
  try {
    everform::decode_picture(bytes, "input", limits);
  } catch (const everform::Error&) {
  }
  return 0;
}
