// What chat templates can call: filters, tests, methods and functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "everform/core/text/template_value.h"

namespace everform::templates {

/// The arguments of one call, taken out one after the other.
class Arguments {
 public:
  Arguments(Context& context, std::string callee) : context_(context), callee_(std::move(callee)) {}

  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The next argument, by place or by name; nothing where it is not given.
  std::optional<Value> take(const char* name);
  Value take_required(const char* name);
  std::string take_text(const char* name);
  std::optional<std::string> take_optional_text(const char* name);
  std::int64_t take_integer(const char* name, std::int64_t otherwise);
  bool take_flag(const char* name, bool otherwise);
  /// An error where an argument is left that nothing has taken.
  void finish() const;

 private:
  Context& context_;
  std::string callee_;
  std::size_t taken_ = 0;
};

bool is_filter(const std::string& name);
Value apply_filter(Context& context, const std::string& name, const Value& subject, Arguments arguments);

bool is_test(const std::string& name);
bool apply_test(Context& context, const std::string& name, const Value& subject, Arguments arguments);

/// Whether the environment has a function of the name: raise_exception, namespace, range, dict, strftime_now.
bool is_function(const std::string& name);
Value call_function(Context& context, const std::string& name, Arguments arguments);

/// Whether values of the subject's type have the method.
bool is_method(const Value& subject, const std::string& name);
Value call_method(Context& context, const Value& subject, const std::string& name, Arguments arguments);

}  // namespace everform::templates
