// Runs a program as a user would, and keeps what it printed.
#pragma once

#include <string>
#include <vector>

namespace everform::test {

struct ProcessResult {
  int status = -1;  ///< exit status; 128 + signal where one ended it
  std::string out;
  std::string err;
  double seconds = 0.0;
};

/// Runs `program` with `arguments` and no standard input. `environment` holds NAME=VALUE texts added to this
/// process's.
ProcessResult run_process(const std::string& program, const std::vector<std::string>& arguments,
                          const std::vector<std::string>& environment = {});

/// The program `everform` of this build: $EVERFORM_BINARY, which the test runner sets; "" where it is not
/// set.
std::string everform_program();

/// run_process of it.
ProcessResult everform(const std::vector<std::string>& arguments,
                       const std::vector<std::string>& environment = {});

}  // namespace everform::test
