#include <ctime>
#include <unordered_map>

#include "everform/core/text/template_library.h"

namespace everform::templates {

std::optional<Value> Arguments::take(const char* name) {
  const std::size_t place = taken_++;
  if (place < positional.size()) {
    return positional[place];
  }
  for (auto& [key, value] : named) {
    if (key == name) {
      key.clear();
      return value;
    }
  }
  return std::nullopt;
}

Value Arguments::take_required(const char* name) {
  if (std::optional<Value> value = take(name)) {
    return *value;
  }
  context_.fail(callee_ + " needs the argument " + name);
}

std::string Arguments::take_text(const char* name) {
  const Value value = take_required(name);
  if (const std::string* text = value.text()) {
    return *text;
  }
  context_.fail(callee_ + ": the argument " + name + " must be a str, not a " + type_name(value));
}

std::optional<std::string> Arguments::take_optional_text(const char* name) {
  const std::optional<Value> value = take(name);
  if (!value || value->is_none()) {
    return std::nullopt;
  }
  if (const std::string* text = value->text()) {
    return *text;
  }
  context_.fail(callee_ + ": the argument " + name + " must be a str, not a " + type_name(*value));
}

std::int64_t Arguments::take_integer(const char* name, std::int64_t otherwise) {
  const std::optional<Value> value = take(name);
  std::int64_t integer = otherwise;
  if (value && !value->is_none() && !value->to_integer(integer)) {
    context_.fail(callee_ + ": the argument " + name + " must be an int, not a " + type_name(*value));
  }
  return integer;
}

bool Arguments::take_flag(const char* name, bool otherwise) {
  const std::optional<Value> value = take(name);
  return value ? is_true(*value) : otherwise;
}

void Arguments::finish() const {
  if (positional.size() > taken_) {
    context_.fail(callee_ + " takes at most " + std::to_string(taken_) + " arguments");
  }
  for (const auto& [name, value] : named) {
    if (!name.empty()) {
      context_.fail(callee_ + " does not take the argument " + name + " here");
    }
  }
}

namespace {

// Jinja's sandbox has the same limit.
constexpr std::int64_t kLongestRange = 100'000;

Value raise_exception(Context& context, Arguments& arguments) {
  const Value message = arguments.take_required("message");
  arguments.finish();
  context.raise(to_text(context, message));
}

Value make_namespace(Context& context, Arguments& arguments) {
  auto space = std::make_shared<Namespace>();
  for (auto& [name, value] : arguments.named) {
    if (name.starts_with('_')) {
      context.fail("the namespace's attribute " + name + " must not begin with an underscore");
    }
    if (value.get_if<std::shared_ptr<Namespace>>() != nullptr) {
      context.fail("a namespace inside of another value is not supported");
    }
    space->values[name] = value;
    name.clear();
  }
  arguments.finish();
  return Value(std::move(space));
}

Value make_range(Context& context, Arguments& arguments) {
  std::int64_t begin = 0;
  std::int64_t end = arguments.take_integer("start", 0);
  const std::optional<Value> second = arguments.take("stop");
  if (arguments.positional.empty() || (second && !second->to_integer(begin))) {
    context.fail("range takes one to three ints");
  }
  if (second) {
    std::swap(begin, end);
  }
  const std::int64_t step = arguments.take_integer("step", 1);
  arguments.finish();
  if (step == 0) {
    context.fail("range: the step must not be 0");
  }
  std::vector<Value> items;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
    context.charge();
    items.emplace_back(i);
    if (items.size() > static_cast<std::size_t>(kLongestRange)) {
      context.fail("range is longer than " + std::to_string(kLongestRange));
    }
    if (__builtin_add_overflow(i, step, &i)) {
      break;
    }
  }
  return make_list(context, std::move(items));
}

Value make_dictionary(Context& context, Arguments& arguments) {
  Dict dict;
  const std::optional<Value> start = arguments.take("mapping");
  if (start) {
    if (start->dict() == nullptr) {
      context.fail("dict: only a dict can be copied, not a " + type_name(*start));
    }
    for (const auto& [key, value] : start->dict()->entries()) {
      context.charge();
      dict.set(context, key, value);
    }
  }
  for (auto& [name, value] : arguments.named) {
    if (!name.empty()) {
      dict.set(context, make_text(context, name), value);
      name.clear();
    }
  }
  arguments.finish();
  return make_dict(std::move(dict));
}

// The local time as strftime writes it.
Value strftime_now(Context& context, Arguments& arguments) {
  const std::string format = arguments.take_text("format");
  arguments.finish();
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char buffer[1024];
  const std::size_t length = std::strftime(buffer, sizeof buffer, format.c_str(), &local);
  if (length == 0 && !format.empty()) {
    context.fail("strftime_now: the format gives nothing, or more than 1023 bytes");
  }
  return make_text(context, std::string(buffer, length));
}

using Function = Value (*)(Context&, Arguments&);

const std::unordered_map<std::string, Function>& functions() {
  static const std::unordered_map<std::string, Function> table = {{"raise_exception", raise_exception},
                                                                  {"namespace", make_namespace},
                                                                  {"range", make_range},
                                                                  {"dict", make_dictionary},
                                                                  {"strftime_now", strftime_now}};
  return table;
}

}  // namespace

bool is_function(const std::string& name) {
  return functions().contains(name);
}

Value call_function(Context& context, const std::string& name, Arguments arguments) {
  return functions().at(name)(context, arguments);
}

}  // namespace everform::templates
