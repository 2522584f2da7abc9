#include "everform/core/io/picture_file.h"

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/apng.h"
#include "everform/core/io/gif.h"
#include "everform/core/io/netpbm.h"
#include "everform/core/io/png.h"

namespace everform {
namespace {

[[noreturn]] void unknown_ending(const std::filesystem::path& path, const char* endings) {
  throw Error(ErrorKind::kUsage, "writing " + path.string(),
              "the ending '" + printable(path.extension().string()) + "' names no format written here",
              std::string("use one of ") + endings);
}

}  // namespace

Image decode_picture(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits) {
  if (looks_like_png(data)) {
    return decode_png(data, where, limits);
  }
  if (looks_like_gif(data)) {
    return decode_gif(data, where, limits).frames.front().image;
  }
  if (looks_like_netpbm(data)) {
    return decode_netpbm(data, where, limits);
  }
  throw Error(ErrorKind::kBadInput, where, "its content is no picture: PNG, GIF, PBM and PGM are read");
}

Image read_picture(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string text = read_file(path);
  return decode_picture(std::as_bytes(std::span(text)), "reading " + path.string(), limits);
}

void write_picture(const std::filesystem::path& path, const Image& image) {
  const std::string ending = path.extension().string();
  if (ending == ".png") {
    write_file(path, encode_png(image));
  } else if (ending == ".gif") {
    write_file(path, encode_gif({.frames = {{image, 0}}, .loops = 1}));
  } else if (ending == ".pbm") {
    write_file(path, encode_pbm(image));
  } else if (ending == ".pgm") {
    write_file(path, encode_pgm(image));
  } else {
    unknown_ending(path, ".png, .gif, .pbm, .pgm");
  }
}

void write_animation(const std::filesystem::path& path, const Animation& animation) {
  const std::string ending = path.extension().string();
  if (ending == ".gif") {
    write_gif(path, animation);
  } else if (ending == ".apng" || ending == ".png") {
    write_apng(path, animation);
  } else {
    unknown_ending(path, ".gif, .apng, .png");
  }
}

}  // namespace everform
