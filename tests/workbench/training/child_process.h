// Runs one test of this same program in another process, with other environment variables.
#pragma once

#include <map>
#include <string>

#include <sys/types.h>

namespace everform::test {

/// Starts the test `filter` of this program with `variables` added to the environment; its output goes to
/// /dev/null.
pid_t start_test(const std::string& filter, const std::map<std::string, std::string>& variables);
/// Waits for a process and gives its status as waitpid does.
int wait_for(pid_t child);

}  // namespace everform::test
