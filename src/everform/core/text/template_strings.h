// Python's string functions on UTF-8, by characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace everform::templates {

/// Without the white space (str.isspace) at the beginning or end; `characters` given: without those instead.
std::string strip_begin(std::string_view text, std::string_view characters = {});
std::string strip_end(std::string_view text, std::string_view characters = {});
std::string strip(std::string_view text, std::string_view characters = {});

/// Byte offset of the first occurrence at or after `from`, npos where there is none; linear, unlike
/// std::string::find.
std::size_t find(std::string_view text, std::string_view part, std::size_t from = 0);
/// Byte offset of the last occurrence.
std::size_t find_last(std::string_view text, std::string_view part);

std::size_t count_characters(std::string_view text);
/// Byte offset of each character, and the text's end.
std::vector<std::size_t> character_offsets(std::string_view text);

/// Character by character. Of the few that become several, only the sharp s does here.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// str.title: letters after anything that is no letter in title case, others in lower case.
std::string to_title(std::string_view text);
/// Jinja's filter title: characters at the beginning and after white space or one of -({[< in upper case,
/// others in lower case.
std::string capitalize_words(std::string_view text);
std::string capitalize(std::string_view text);

/// str.split: by runs of white space where `separator` is empty. @param limit splits at most, -1 for all
std::vector<std::string> split(std::string_view text, std::string_view separator, long limit);
/// str.rsplit: the splits are counted from the end.
std::vector<std::string> split_from_end(std::string_view text, std::string_view separator, long limit);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);
/// @param limit replacements at most, -1 for all
std::string replace(std::string_view text, std::string_view from, std::string_view to, long limit);
std::size_t count_occurrences(std::string_view text, std::string_view part);

enum class CharacterClass { kSpace, kDigit, kAlphabetic, kAlphanumeric };
/// Whether there are characters and all are of the class.
bool all_of_class(std::string_view text, CharacterClass wanted);
/// Whether there are letters with case and all are upper (or lower).
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);

}  // namespace everform::templates
