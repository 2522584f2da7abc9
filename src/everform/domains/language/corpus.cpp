#include "everform/domains/language/corpus.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/base/utf8.h"

namespace everform {
namespace {

bool is_gzip(std::string_view data) {
  return data.size() >= 2 && data[0] == '\x1f' && data[1] == '\x8b';
}

/// Unpacks every member of a gzip file.
std::string unpack_gzip(const std::string& packed, const std::string& name, std::size_t limit) {
  const auto fail = [&](const std::string& message) {
    throw Error(ErrorKind::kBadInput, "unpacking " + name, message, "fetch or pack the file again");
  };
  z_stream stream{};
  constexpr int kGzipOnly = 15 + 16;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) {
    throw Error(ErrorKind::kMissing, "unpacking " + name, "there is no memory for it");
  }
  const std::unique_ptr<z_stream, void (*)(z_stream*)> guard(&stream, [](z_stream* s) { inflateEnd(s); });
  std::string out;
  std::array<char, 65536> buffer{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  while (stream.avail_in > 0) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) {
      fail(code == Z_BUF_ERROR ? "it ends before its data do" : "its data are damaged");
    }
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    if (out.size() > limit) {
      fail("it holds more than " + format_bytes(static_cast<double>(limit)) + " of text");
    }
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) {
        return out;
      }
      inflateReset(&stream);
    }
  }
  // The input is used up; what inflate still holds back comes out once there is room for it.
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  if (code != Z_STREAM_END) {
    fail("it ends before its data do");
  }
  return out;
}

/// A line without the white space at its ends, no-break spaces (which wrap text in some manuals) included.
std::string_view trim(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
  for (bool more = true; more;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
    more = false;
    if (line.starts_with(kNoBreakSpace)) {
      line.remove_prefix(kNoBreakSpace.size());
      more = true;
    }
    if (line.ends_with(kNoBreakSpace)) {
      line.remove_suffix(kNoBreakSpace.size());
      more = true;
    }
  }
  return line;
}

/// Begin of the paragraph (else of the line) nearest behind `from`; the text's size where there is none.
std::size_t cut_behind(std::string_view text, std::size_t from) {
  const std::size_t gap = text.find("\n\n", from);
  if (gap != std::string_view::npos) {
    return gap + 2;
  }
  const std::size_t line = text.find('\n', from);
  return line == std::string_view::npos ? text.size() : line + 1;
}

}  // namespace

std::string read_text(const std::filesystem::path& path, std::size_t limit) {
  std::string text = read_file(path, limit);
  if (is_gzip(text)) {
    text = unpack_gzip(text, path.string(), limit);
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.erase(0, 3);
  }
  const std::size_t bad = find_invalid_utf8(text);
  if (bad != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    throw Error(ErrorKind::kBadInput, "reading " + path.string() + ":" + std::to_string(line),
                "byte " + std::to_string(bad) + " is not UTF-8",
                "convert the file to UTF-8, or name another one");
  }
  return text;
}

std::vector<Document> read_documents(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    return {{path.filename().string(), read_text(path)}};
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() &&
        (name.ends_with(".txt") || name.ends_with(".txt.gz") || name.ends_with(".md"))) {
      files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    throw Error(ErrorKind::kMissing, "reading the folder " + path.string(),
                "it holds no .txt, .txt.gz or .md file", "name a text file or a folder of them");
  }
  std::sort(files.begin(), files.end());
  std::vector<Document> documents;
  for (const std::filesystem::path& file : files) {
    documents.push_back({file.filename().string(), read_text(file)});
  }
  return documents;
}

std::vector<std::string> paragraphs(std::string_view text) {
  std::vector<std::string> result;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) {
      result.push_back(std::move(paragraph));
      paragraph.clear();
    }
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      end_paragraph();
      continue;
    }
    paragraph += paragraph.empty() ? "" : " ";
    paragraph += line;
  }
  end_paragraph();
  return result;
}

bool is_prose(std::string_view paragraph) {
  constexpr std::size_t kShortest = 60;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (paragraph.size() < kShortest || !is_upper(paragraph.front()) ||
      std::string_view(".!?").find(paragraph.back()) == std::string_view::npos ||
      paragraph.find("  ") != std::string_view::npos) {
    return false;
  }
  std::size_t usual = 0;
  for (const char c : paragraph) {
    const bool letter = is_upper(c) || (c >= 'a' && c <= 'z') || (static_cast<unsigned char>(c) & 0x80U) != 0;
    usual += letter || std::string_view(" ,.;:'!?-").find(c) != std::string_view::npos ? 1 : 0;
  }
  return usual * 10 >= paragraph.size() * 9;
}

CorpusSplit split_corpus(const std::vector<Document>& documents, double held_out_share) {
  if (!(held_out_share > 0.0 && held_out_share < 1.0)) {
    throw Error(ErrorKind::kUsage, "splitting a corpus",
                "the held-out share is " + std::to_string(held_out_share) + ", but must lie between 0 and 1");
  }
  CorpusSplit split;
  for (const Document& document : documents) {
    const std::string_view text = document.text;
    const auto from = static_cast<std::size_t>(static_cast<double>(text.size()) * (1.0 - held_out_share));
    const std::size_t cut = cut_behind(text, from);
    split.train += split.train.empty() ? "" : "\n\n";
    split.train += text.substr(0, cut);
    split.held_out.emplace_back(text.substr(cut));
  }
  return split;
}

std::string held_out_sample(const CorpusSplit& split, std::size_t bytes) {
  std::string sample;
  for (const std::string& part : split.held_out) {
    sample += sample.empty() ? "" : "\n\n";
    sample += utf8_prefix(part, bytes / split.held_out.size());
  }
  return sample;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  std::size_t end = std::min(bytes, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace everform
