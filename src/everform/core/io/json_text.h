// JSON from files that nobody vouches for.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace everform {

/// Parses one JSON document (RFC 8259, UTF-8). Throws Error{kBadInput} at `where` for a syntax error, for a
/// key that occurs twice in an object (readers disagree on which one counts) and for nesting deeper than
/// `depth`.
nlohmann::json parse_json(std::string_view text, const std::string& where, int depth = 64);

/// Reads and parses a file of at most `limit` bytes.
nlohmann::json read_json_file(const std::filesystem::path& path, std::size_t limit = std::size_t{64} << 20);

/// Text of a document for people and files; invalid UTF-8 inside strings becomes U+FFFD. @param indent -1:
/// one line
std::string json_to_text(const nlohmann::json& json, int indent = -1);

}  // namespace everform
