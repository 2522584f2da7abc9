#include "everform/core/io/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/gif_palette.h"

namespace everform {
namespace {

const char* const kWriting = "writing a GIF";

// ---- writing ----

struct EncoderClose {
  void operator()(GifFileType* file) const {
    int code = 0;
    EGifCloseFile(file, &code);
  }
};
using Encoder = std::unique_ptr<GifFileType, EncoderClose>;

int append_bytes(GifFileType* file, const GifByteType* data, int bytes) {
  try {
    static_cast<std::string*>(file->UserData)
        ->append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
  } catch (const std::exception&) {
    return 0;  // giflib reports a failed write
  }
  return bytes;
}

void expect_written(int result, const GifFileType* file) {
  if (result != GIF_OK) {
    const char* reason = GifErrorString(file->Error);
    throw Error(ErrorKind::kFailed, kWriting, reason != nullptr ? reason : "giflib gives no reason");
  }
}

using ColorMap = std::unique_ptr<ColorMapObject, decltype(&GifFreeMapObject)>;

ColorMap color_map(const GifPalette& palette) {
  int size = 2;
  while (size < static_cast<int>(palette.colours.size())) {
    size *= 2;
  }
  ColorMap map(GifMakeMapObject(size, nullptr), &GifFreeMapObject);
  if (map == nullptr) {
    throw Error(ErrorKind::kMissing, kWriting, "giflib has no memory");
  }
  for (std::size_t i = 0; i < palette.colours.size(); ++i) {
    const std::uint32_t colour = palette.colours[i];
    map->Colors[i] = {static_cast<GifByteType>(colour >> 16), static_cast<GifByteType>(colour >> 8),
                      static_cast<GifByteType>(colour)};
  }
  return map;
}

void write_loops(GifFileType* file, std::int64_t loops) {
  const auto count = static_cast<std::uint64_t>(std::clamp<std::int64_t>(loops, 0, 65535));
  const GifByteType data[] = {1, static_cast<GifByteType>(count), static_cast<GifByteType>(count >> 8)};
  expect_written(EGifPutExtensionLeader(file, APPLICATION_EXT_FUNC_CODE), file);
  expect_written(EGifPutExtensionBlock(file, 11, "NETSCAPE2.0"), file);
  expect_written(EGifPutExtensionBlock(file, sizeof(data), data), file);
  expect_written(EGifPutExtensionTrailer(file), file);
}

void write_frame(GifFileType* file, const Animation::Frame& frame, const std::optional<GifPalette>& shared) {
  GifPalette own;
  std::vector<std::uint8_t> indices =
      shared ? palette_indices(frame.image, *shared) : quantize(frame.image, own);
  const GifPalette& palette = shared ? *shared : own;

  GraphicsControlBlock control{};
  // A frame that lets something show through must not lie over the frame before.
  control.DisposalMode = palette.transparent ? DISPOSE_BACKGROUND : DISPOSE_DO_NOT;
  control.DelayTime = static_cast<int>(std::clamp<std::int64_t>((frame.milliseconds + 5) / 10, 2, 65535));
  control.TransparentColor = palette.transparent ? *palette.transparent : NO_TRANSPARENT_COLOR;
  GifByteType block[4];
  const std::size_t bytes = EGifGCBToExtension(&control, block);
  expect_written(EGifPutExtension(file, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(bytes), block), file);

  const ColorMap map = shared ? ColorMap(nullptr, &GifFreeMapObject) : color_map(own);
  const int width = static_cast<int>(frame.image.width);
  expect_written(EGifPutImageDesc(file, 0, 0, width, static_cast<int>(frame.image.height), false, map.get()),
                 file);
  for (std::int64_t y = 0; y < frame.image.height; ++y) {
    expect_written(EGifPutLine(file, indices.data() + y * width, width), file);
  }
}

// ---- reading ----

struct DecoderClose {
  void operator()(GifFileType* file) const {
    int code = 0;
    DGifCloseFile(file, &code);
  }
};
using Decoder = std::unique_ptr<GifFileType, DecoderClose>;

struct Source {
  std::span<const std::byte> data;
  std::size_t at = 0;
};

int take_bytes(GifFileType* file, GifByteType* out, int bytes) {
  auto* source = static_cast<Source*>(file->UserData);
  const std::size_t count = std::min(static_cast<std::size_t>(bytes), source->data.size() - source->at);
  std::memcpy(out, source->data.data() + source->at, count);
  source->at += count;
  return static_cast<int>(count);
}

/// Reads records one by one, so that each size is checked before memory is taken (DGifSlurp would not).
class GifReader {
 public:
  GifReader(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits)
      : source_{data, 0}, where_(where), limits_(limits) {
    int code = 0;
    file_.reset(DGifOpen(&source_, take_bytes, &code));
    if (file_ == nullptr) {
      fail(code);
    }
    check_image_size(file_->SWidth, file_->SHeight, limits_, where_);
    canvas_ = Image(file_->SWidth, file_->SHeight, 4, 0);
    animation_.loops = 1;
  }

  Animation read() {
    while (true) {
      GifRecordType type = UNDEFINED_RECORD_TYPE;
      expect(DGifGetRecordType(file_.get(), &type));
      if (type == IMAGE_DESC_RECORD_TYPE) {
        read_frame();
      } else if (type == EXTENSION_RECORD_TYPE) {
        read_extension();
      } else if (type == TERMINATE_RECORD_TYPE) {
        break;
      }
    }
    if (animation_.frames.empty()) {
      throw Error(ErrorKind::kBadInput, where_, "a GIF without a picture");
    }
    if (!transparency_) {
      for (Animation::Frame& frame : animation_.frames) {
        frame.image = with_channels(frame.image, 3);
      }
    }
    return std::move(animation_);
  }

 private:
  [[noreturn]] void fail(int code) const {
    const char* reason = GifErrorString(code);
    throw Error(ErrorKind::kBadInput, where_,
                std::string("no whole GIF file: ") + (reason != nullptr ? reason : "it ends too early"));
  }

  void expect(int result) const {
    if (result != GIF_OK) {
      fail(file_->Error);
    }
  }

  void read_extension() {
    int code = 0;
    GifByteType* block = nullptr;
    expect(DGifGetExtension(file_.get(), &code, &block));
    bool netscape = false;
    for (bool first = true; block != nullptr; first = false) {
      // block[0] is the length of what follows.
      if (code == GRAPHICS_EXT_FUNC_CODE && first) {
        expect(DGifExtensionToGCB(block[0], block + 1, &control_));
      } else if (code == APPLICATION_EXT_FUNC_CODE && first) {
        netscape = block[0] == 11 && std::memcmp(block + 1, "NETSCAPE2.0", 11) == 0;
      } else if (netscape && block[0] == 3 && block[1] == 1) {
        animation_.loops = block[2] | block[3] << 8;
      }
      expect(DGifGetExtensionNext(file_.get(), &block));
    }
  }

  void read_frame() {
    expect(DGifGetImageHeader(file_.get()));
    const GifImageDesc& place = file_->Image;
    check_image_size(place.Width, place.Height, limits_, where_);
    if (static_cast<std::int64_t>(animation_.frames.size()) >= limits_.frames) {
      throw Error(ErrorKind::kBadInput, where_, "more than " + std::to_string(limits_.frames) + " frames");
    }
    // Both the canvas and the frame's own pixels count: a frame may be much larger than the screen it is
    // drawn on.
    pixels_ += std::max(canvas_.width * canvas_.height, std::int64_t{place.Width} * place.Height);
    if (pixels_ > limits_.pixels) {
      throw Error(ErrorKind::kBadInput, where_,
                  "its frames hold more than " + std::to_string(limits_.pixels) + " pixels");
    }
    const ColorMapObject* map = place.ColorMap != nullptr ? place.ColorMap : file_->SColorMap;
    if (map == nullptr) {
      throw Error(ErrorKind::kBadInput, where_, "a frame has no palette");
    }
    const Image before = control_.DisposalMode == DISPOSE_PREVIOUS ? canvas_ : Image();
    read_rows(place, *map);
    show();
    if (control_.DisposalMode == DISPOSE_PREVIOUS) {
      canvas_ = before;
    } else if (control_.DisposalMode == DISPOSE_BACKGROUND) {
      clear(place);
    }
    control_ = {0, false, 0, NO_TRANSPARENT_COLOR};
  }

  void read_rows(const GifImageDesc& place, const ColorMapObject& map) {
    constexpr int kFirst[] = {0, 4, 2, 1};
    constexpr int kStep[] = {8, 8, 4, 2};
    std::vector<GifPixelType> row(static_cast<std::size_t>(place.Width));
    for (int pass = 0; pass < (place.Interlace ? 4 : 1); ++pass) {
      const int step = place.Interlace ? kStep[pass] : 1;
      for (int y = place.Interlace ? kFirst[pass] : 0; y < place.Height; y += step) {
        expect(DGifGetLine(file_.get(), row.data(), place.Width));
        draw_row(row, place.Left, place.Top + y, map);
      }
    }
  }

  void draw_row(const std::vector<GifPixelType>& row, int left, int y, const ColorMapObject& map) {
    if (y >= canvas_.height || left >= canvas_.width) {
      return;
    }
    const std::size_t visible = std::min(row.size(), static_cast<std::size_t>(canvas_.width - left));
    for (std::size_t x = 0; x < visible; ++x) {
      if (row[x] == control_.TransparentColor) {
        continue;
      }
      if (row[x] >= map.ColorCount) {
        throw Error(ErrorKind::kBadInput, where_,
                    "palette entry " + std::to_string(row[x]) + " of " + std::to_string(map.ColorCount));
      }
      const GifColorType& colour = map.Colors[row[x]];
      std::uint8_t* pixel = canvas_.at(left + static_cast<std::int64_t>(x), y);
      pixel[0] = colour.Red;
      pixel[1] = colour.Green;
      pixel[2] = colour.Blue;
      pixel[3] = 255;
    }
  }

  void show() {
    for (std::size_t i = 3; i < canvas_.pixels.size() && !transparency_; i += 4) {
      transparency_ = canvas_.pixels[i] == 0;
    }
    animation_.frames.push_back({canvas_, std::int64_t{10} * control_.DelayTime});
  }

  void clear(const GifImageDesc& place) {
    const std::int64_t right = std::min<std::int64_t>(place.Left + place.Width, canvas_.width);
    const std::int64_t bottom = std::min<std::int64_t>(place.Top + place.Height, canvas_.height);
    for (std::int64_t y = place.Top; y < bottom; ++y) {
      if (place.Left < right) {
        std::fill(canvas_.at(place.Left, y), canvas_.at(place.Left, y) + 4 * (right - place.Left),
                  std::uint8_t{0});
      }
    }
  }

  Source source_;
  std::string where_;
  ImageLimits limits_;
  Decoder file_;
  GraphicsControlBlock control_{0, false, 0, NO_TRANSPARENT_COLOR};
  Image canvas_;
  Animation animation_;
  std::int64_t pixels_ = 0;
  bool transparency_ = false;
};

}  // namespace

std::string encode_gif(const Animation& animation) {
  check_animation(animation, kWriting);
  const Image& first = animation.frames.front().image;
  if (first.width > 65535 || first.height > 65535) {
    throw Error(ErrorKind::kFailed, kWriting, "a GIF is at most 65535 pixels wide and high",
                "write an APNG, or a smaller picture");
  }
  std::string out;
  int code = 0;
  Encoder file(EGifOpen(&out, append_bytes, &code));
  if (file == nullptr) {
    throw Error(ErrorKind::kMissing, kWriting, "giflib has no memory");
  }
  const std::optional<GifPalette> shared = exact_palette(animation);
  const ColorMap map = shared ? color_map(*shared) : ColorMap(nullptr, &GifFreeMapObject);
  constexpr int kColourBits = 8;
  EGifSetGifVersion(file.get(), true);
  expect_written(EGifPutScreenDesc(file.get(), static_cast<int>(first.width), static_cast<int>(first.height),
                                   kColourBits, 0, map.get()),
                 file.get());
  if (animation.loops != 1) {
    write_loops(file.get(), animation.loops);
  }
  for (const Animation::Frame& frame : animation.frames) {
    write_frame(file.get(), frame, shared);
  }
  if (EGifCloseFile(file.release(), &code) != GIF_OK) {
    throw Error(ErrorKind::kFailed, kWriting, "giflib cannot end the file");
  }
  return out;
}

bool looks_like_gif(std::span<const std::byte> data) {
  return data.size() >= 6 &&
         (std::memcmp(data.data(), "GIF87a", 6) == 0 || std::memcmp(data.data(), "GIF89a", 6) == 0);
}

Animation decode_gif(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits) {
  if (!looks_like_gif(data)) {
    throw Error(ErrorKind::kBadInput, where, "no GIF file: its first 6 bytes are not GIF's signature");
  }
  return GifReader(data, where, limits).read();
}

void write_gif(const std::filesystem::path& path, const Animation& animation) {
  write_file(path, encode_gif(animation));
}

Animation read_gif(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string text = read_file(path);
  return decode_gif(std::as_bytes(std::span(text)), "reading " + path.string(), limits);
}

}  // namespace everform
