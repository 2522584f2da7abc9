// The one exception type of Everform: what was being done and where, what was found against what is right,
// what to do.
#pragma once

#include <exception>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace everform {

/// Why something ended; the value is the process's exit status.
enum class ErrorKind {
  kFailed = 1,        ///< the work failed
  kUsage = 2,         ///< wrong usage or a recipe error
  kBadInput = 3,      ///< an input file is bad
  kMissing = 4,       ///< a file, a library or memory is not there
  kInterrupted = 130  ///< the user stopped it
};

/// Short lower-case word of the kind, as in the JSON form of an error.
const char* kind_name(ErrorKind kind);

/// An error that ends the request. Every throw in Everform's own code throws this.
class Error : public std::exception {
 public:
  /// @param where what was being done and where ("reading model.gguf", "recipe.toml:12")
  /// @param message what was found, against what is right
  /// @param hint what to do; may be empty
  Error(ErrorKind kind, std::string where, std::string message, std::string hint = "");

  ErrorKind kind() const { return kind_; }
  const std::string& where() const { return where_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  int exit_status() const { return static_cast<int>(kind_); }

  /// At most three lines for a terminal.
  const char* what() const noexcept override { return text_.c_str(); }
  /// {"error":{"kind","where","message","hint"}}
  nlohmann::json to_json() const;

 private:
  ErrorKind kind_;
  std::string where_;
  std::string message_;
  std::string hint_;
  std::string text_;
};

/// `text` made safe for a terminal and for one line: control bytes and invalid UTF-8 are escaped, long texts
/// are cut at `limit` bytes.
std::string printable(const std::string& text, std::size_t limit = 200);

}  // namespace everform
