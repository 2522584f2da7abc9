#include "everform/core/io/png.h"

#include <png.h>

#include <csetjmp>
#include <cstring>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"

namespace everform {
namespace {

// libpng reports errors by longjmp. Everything it may jump over lives in one of these structs, made before
// setjmp, so that no destructor is skipped; the functions between setjmp and libpng hold trivial objects
// only.
struct ErrorText {
  char text[160] = {};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* error = static_cast<ErrorText*>(png_get_error_ptr(png));
  std::strncpy(error->text, message, sizeof(error->text) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

struct Reader {
  std::span<const std::byte> data;
  std::size_t at = 0;
  ErrorText error;
  png_structp png = nullptr;
  png_infop info = nullptr;
  Image image;
  std::vector<png_bytep> rows;

  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void read_bytes(png_structp png, png_bytep out, std::size_t bytes) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (bytes > reader->data.size() - reader->at) {
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, reader->data.data() + reader->at, bytes);
  reader->at += bytes;
}

bool read_header(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_read_info(reader.png, reader.info);
  return true;
}

/// Asks for 8-bit grey or RGB, each with or without alpha. libpng takes memory for a row here.
bool start_rows(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_read_image(reader.png, reader.rows.data());
  png_read_end(reader.png, nullptr);
  return true;
}

[[noreturn]] void bad_png(const std::string& where, const char* reason) {
  throw Error(ErrorKind::kBadInput, where, "no whole PNG file: " + printable(reason));
}

struct Writer {
  std::string out;
  ErrorText error;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<png_bytep> rows;
  bool out_of_memory = false;

  ~Writer() { png_destroy_write_struct(&png, &info); }
};

void append_bytes(png_structp png, png_bytep data, std::size_t bytes) {
  auto* writer = static_cast<Writer*>(png_get_io_ptr(png));
  try {
    writer->out.append(reinterpret_cast<const char*>(data), bytes);
  } catch (const std::exception&) {
    writer->out_of_memory = true;
  }
  if (writer->out_of_memory) {
    png_error(png, "out of memory");
  }
}

void flush_nothing(png_structp /*png*/) {}

bool write_all(Writer& writer, const Image& image) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) {
    return false;
  }
  constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGB_ALPHA};
  png_set_user_limits(writer.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8, kColours[image.channels - 1], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  png_write_image(writer.png, writer.rows.data());
  png_write_end(writer.png, nullptr);
  return true;
}

std::vector<png_bytep> row_pointers(const Image& image) {
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  for (std::int64_t y = 0; y < image.height; ++y) {
    rows[static_cast<std::size_t>(y)] = const_cast<png_bytep>(image.at(0, y));
  }
  return rows;
}

}  // namespace

std::string encode_png(const Image& image) {
  check_image(image, "writing a PNG");
  Writer writer;
  writer.rows = row_pointers(image);
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.error, on_error, on_warning);
  writer.info = writer.png != nullptr ? png_create_info_struct(writer.png) : nullptr;
  if (writer.info == nullptr) {
    throw Error(ErrorKind::kMissing, "writing a PNG", "libpng has no memory");
  }
  png_set_write_fn(writer.png, &writer, append_bytes, flush_nothing);
  if (!write_all(writer, image)) {
    throw Error(writer.out_of_memory ? ErrorKind::kMissing : ErrorKind::kFailed, "writing a PNG",
                writer.error.text);
  }
  return std::move(writer.out);
}

bool looks_like_png(std::span<const std::byte> data) {
  constexpr std::size_t kSignature = 8;
  return data.size() >= kSignature &&
         png_sig_cmp(reinterpret_cast<png_const_bytep>(data.data()), 0, kSignature) == 0;
}

Image decode_png(std::span<const std::byte> data, const std::string& where, const ImageLimits& limits) {
  if (!looks_like_png(data)) {
    bad_png(where, "its first 8 bytes are not PNG's signature");
  }
  constexpr png_alloc_size_t kChunkBytes = 8 << 20;
  constexpr png_uint_32 kChunks = 1000;
  Reader reader;
  reader.data = data;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader.error, on_error, on_warning);
  reader.info = reader.png != nullptr ? png_create_info_struct(reader.png) : nullptr;
  if (reader.info == nullptr) {
    throw Error(ErrorKind::kMissing, where, "libpng has no memory");
  }
  png_set_read_fn(reader.png, &reader, read_bytes);
  // The real limit is checked below, where it can say what the file asked for.
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_cache_max(reader.png, kChunks);
  png_set_chunk_malloc_max(reader.png, kChunkBytes);
  if (!read_header(reader)) {
    bad_png(where, reader.error.text);
  }
  const std::int64_t width = png_get_image_width(reader.png, reader.info);
  const std::int64_t height = png_get_image_height(reader.png, reader.info);
  check_image_size(width, height, limits, where);
  if (!start_rows(reader)) {
    bad_png(where, reader.error.text);
  }
  reader.image = Image(width, height, png_get_channels(reader.png, reader.info));
  if (png_get_rowbytes(reader.png, reader.info) != static_cast<std::size_t>(width * reader.image.channels)) {
    bad_png(where, "its rows have an unexpected length");
  }
  reader.rows = row_pointers(reader.image);
  if (!read_rows(reader)) {
    bad_png(where, reader.error.text);
  }
  return std::move(reader.image);
}

void write_png(const std::filesystem::path& path, const Image& image) {
  write_file(path, encode_png(image));
}

Image read_png(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string text = read_file(path);
  return decode_png(std::as_bytes(std::span(text)), "reading " + path.string(), limits);
}

}  // namespace everform
