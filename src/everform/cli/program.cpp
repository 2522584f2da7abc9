#include "everform/cli/program.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>

#include "everform/cli/all_verbs.h"
#include "everform/cli/command_line.h"
#include "everform/cli/dispatch.h"
#include "everform/cli/help.h"
#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/core/base/threads.h"

namespace everform {
namespace {

constexpr const char* kVersion = "everform 0.1.0\n";

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Results that cannot be written (a full disk, a closed pipe) are a failure too.
int print(const std::string& text, int status) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && errno != EPIPE) {
    std::fprintf(stderr, "writing the result to stdout:\n  %s\n", std::strerror(errno));
    return 1;
  }
  return status;
}

int report(const Error& error, bool json) {
  std::fprintf(stderr, "%s\n", error.what());
  if (json) {
    print(dump(error.to_json()), 0);
  }
  return error.exit_status();
}

/// @param works_here whether this program does the command itself
void apply_common(const ParsedCommand& command, const WorkbenchRuntime* workbench, bool works_here) {
  const CommonOptions& common = command.invocation.common;
  set_quiet(common.quiet);
  const ThreadChoice choice = choose_threads(common.threads);
  set_default_threads(choice.threads);
  if (workbench != nullptr && workbench->set_threads) {
    workbench->set_threads(choice.threads);
  }
  // The program that does the work says it, once.
  if (command.verb->uses_threads && !common.json && works_here) {
    log_once("threads: " + choice.reason);
  }
}

// Replaces this process by the workbench program with the same arguments.
[[noreturn]] void run_workbench(const ParsedCommand& command) {
  std::error_code code;
  std::filesystem::path program;
  if (const char* named = std::getenv("EVERFORM_WORKBENCH"); named != nullptr && *named != '\0') {
    program = named;
  } else {
    program = std::filesystem::read_symlink("/proc/self/exe", code).parent_path() / "everform-workbench";
  }
  std::vector<std::string> arguments = command.invocation.arguments;
  std::vector<char*> argv = {const_cast<char*>("everform")};
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  // OpenMP's threads must sleep while they wait: spinning ones take the cores from the loader and from other
  // programs, which makes a step several times slower. The library reads this before main().
  setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
  execv(program.c_str(), argv.data());
  throw Error(ErrorKind::kMissing, "starting " + program.string(), std::strerror(errno),
              "this command needs the workbench program; build it without -DEVERFORM_WORKBENCH=OFF");
}

int run(const std::vector<std::string>& arguments, const WorkbenchRuntime* workbench) {
  if (arguments.empty()) {
    std::fputs(program_help(all_verbs()).c_str(), stderr);
    return static_cast<int>(ErrorKind::kUsage);
  }
  const std::string& first = arguments.front();
  if (first == "--help" || first == "-h" || (first == "help" && arguments.size() == 1)) {
    return print(program_help(all_verbs()), 0);
  }
  if (first == "--version") {
    return print(kVersion, 0);
  }
  if (first == "help") {
    std::vector<std::string> asked(arguments.begin() + 1, arguments.end());
    asked.emplace_back("--help");
    return run(asked, workbench);
  }
  const ParsedCommand command = parse_command(arguments, all_verbs());
  if (command.help) {
    return print(verb_help(command), 0);
  }
  const std::function<ActionResult()> work = find_work(command, workbench);
  apply_common(command, workbench, static_cast<bool>(work));
  if (!work) {
    run_workbench(command);
  }
  const ActionResult result = work();
  // A verb that has printed its object itself (a server, when it listens) leaves none to print.
  const bool as_json = command.invocation.common.json && !result.json.is_null();
  return print(as_json ? dump(result.json) : result.text, result.exit_status);
}

}  // namespace

int run_program(int argc, char** argv, const WorkbenchRuntime* workbench) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const bool json = wants_json(arguments);
  install_interrupt_handler();
  try {
    return run(arguments, workbench);
  } catch (const Error& error) {
    return report(error, json);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorKind::kMissing, "everform " + (arguments.empty() ? "" : arguments.front()),
                        "the memory of this machine is not enough", "use a smaller batch, context or model"),
                  json);
  } catch (const std::exception& error) {
    // torch's messages go on with a stack trace; its first line says what happened.
    const std::string text = error.what();
    return report(Error(ErrorKind::kFailed, "everform " + (arguments.empty() ? "" : arguments.front()),
                        text.substr(0, text.find('\n'))),
                  json);
  }
}

}  // namespace everform
