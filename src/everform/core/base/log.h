// Log lines on stderr. Results go to stdout and never through here.
#pragma once

#include <string>

namespace everform {

/// Silences info lines and progress (--quiet); warnings stay.
void set_quiet(bool quiet);
bool is_quiet();

/// A line on stderr.
void log_info(const std::string& line);
/// "warning: ..." on stderr.
void log_warning(const std::string& line);
/// As log_info, but each different line only once a process.
void log_once(const std::string& line);

}  // namespace everform
