// English to measure on: the user's own text, or documentation that Debian packages bring.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "everform/domains/language/corpus.h"

namespace everform {

/// The documents of a file or folder as running text: wrapped lines joined, a blank line between paragraphs;
/// WikiText (recognised by its title lines) with its words joined as they are written.
std::vector<Document> read_english(const std::filesystem::path& path);

/// The Debian Reference and the Debian Policy Manual, 1.3 MB, from the packages debian-reference-en and
/// debian-policy. Throws Error{kMissing} naming the packages where they are not installed.
std::vector<Document> debian_english();

/// The paragraphs of all documents that are prose.
std::vector<std::string> prose_paragraphs(const std::vector<Document>& documents);

}  // namespace everform
