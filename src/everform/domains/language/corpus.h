// Texts to learn from and to measure on: reading them, splitting off what is held out.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// A text and what it is called in messages.
struct Document {
  std::string name;
  std::string text;
};

/// Reads a UTF-8 text file, plain or gzipped (recognised by content). A byte order mark is dropped,
/// everything else is kept. Throws kMissing where it is absent; kBadInput where it is not UTF-8 (with the
/// line), is no whole gzip file, or holds more than `limit` bytes once unpacked.
std::string read_text(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// One document for a file; for a folder one for each .txt, .txt.gz and .md file in it, ordered by name (not
/// recursive). Throws kMissing where there is none.
std::vector<Document> read_documents(const std::filesystem::path& path);

/// Paragraphs (runs of lines between blank lines) with their line breaks and indentation taken out: wrapped
/// text as it was written.
std::vector<std::string> paragraphs(std::string_view text);

/// Whether a paragraph is running English prose rather than a heading, table, listing or command: it has at
/// least 60 bytes, begins with a capital letter, ends a sentence, and at least 9 in 10 of its bytes are
/// letters, blanks and common punctuation.
bool is_prose(std::string_view paragraph);

struct CorpusSplit {
  std::string train;                  ///< of all documents, a blank line between
  std::vector<std::string> held_out;  ///< one part a document
};

/// Cuts the last `held_out_share` of every document off, at a paragraph's or at least a line's end, so that
/// both parts have the same mixture of sources and no sentence is in both. @param held_out_share in (0, 1)
CorpusSplit split_corpus(const std::vector<Document>& documents, double held_out_share);

/// About `bytes` of the held-out text: as much from the beginning of every part.
std::string held_out_sample(const CorpusSplit& split, std::size_t bytes);

/// The longest prefix of at most `bytes` bytes that ends at a code point's end.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace everform
