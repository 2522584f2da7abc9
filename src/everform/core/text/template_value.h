// Values of chat templates: Python's, as far as templates use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "everform/core/text/template_context.h"

namespace everform::templates {

class Value;
struct MacroStatement;

/// What a missing variable or attribute gives: prints as nothing, is false, and may not be used further.
struct Undefined {
  std::string name;
};
struct None {};

/// A list, or a tuple. `depth`: levels of containers, itself included; limited so that no walk over a value
/// runs out of stack.
struct List {
  std::vector<Value> items;
  bool tuple = false;
  std::size_t depth = 1;
};

/// A dictionary in the order of insertion.
class Dict {
 public:
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  std::size_t depth() const { return depth_; }
  /// nullptr where there is no such key.
  const Value* find(const Value& key) const;
  const Value* find(const std::string& key) const;
  void set(Context& context, const Value& key, Value value);

 private:
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t depth_ = 1;
};

/// namespace(): the one value that a template may change.
struct Namespace {
  std::unordered_map<std::string, Value> values;
};

/// `loop` inside a for.
struct Loop {
  std::shared_ptr<const List> items;
  std::size_t index = 0;
};

/// A function of the environment ("range"), a method bound to its value ("strip" of a text), or a macro.
struct Callable;

using Text = std::shared_ptr<const std::string>;

class Value {
 public:
  using Form = std::variant<Undefined, None, bool, std::int64_t, double, Text, std::shared_ptr<const List>,
                            std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                            std::shared_ptr<const Loop>, std::shared_ptr<const Callable>>;

  Value() : form_(Undefined{}) {}
  template <typename T>
    requires std::is_constructible_v<Form, T> && (!std::is_same_v<std::remove_cvref_t<T>, Value>)
  explicit Value(T&& form) : form_(std::forward<T>(form)) {}

  template <typename T>
  const T* get_if() const {
    return std::get_if<T>(&form_);
  }
  const List* list() const;
  const Dict* dict() const;
  /// The characters of a text, nullptr for anything else.
  const std::string* text() const;
  bool is_undefined() const { return std::holds_alternative<Undefined>(form_); }
  bool is_none() const { return std::holds_alternative<None>(form_); }
  /// A number in Python's sense: booleans count as 0 and 1.
  bool is_number() const;
  /// An int or a bool as an integer.
  bool to_integer(std::int64_t& out) const;
  double to_double() const;
  const Form& form() const { return form_; }

 private:
  Form form_;
};

struct Callable {
  std::string name;
  Value self;                             ///< of a method
  const MacroStatement* macro = nullptr;  ///< of a macro
  enum class Kind { kFunction, kMethod, kMacro, kLoopCycle } kind = Kind::kFunction;
};

/// "str", "int", "dict", ...: Python's name of the type.
std::string type_name(const Value& value);

Value make_text(Context& context, std::string text);
/// Refuses lists that nest too deep, and namespaces inside of lists: they could hold themselves.
Value make_list(Context& context, std::vector<Value> items, bool tuple = false);
Value make_dict(Dict dict);

bool is_true(const Value& value);
/// Python's ==.
bool equal(Context& context, const Value& a, const Value& b);
/// Python's <, an error between types that have no order.
bool less(Context& context, const Value& a, const Value& b);

/// Python's str().
std::string to_text(Context& context, const Value& value);
/// json.dumps; refuses what JSON cannot hold.
struct JsonStyle {
  std::int64_t indent = -1;  ///< -1: all on one line
  bool ascii = false;
  bool sort_keys = false;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
std::string to_json_text(Context& context, const Value& value, const JsonStyle& style);
/// Python's shortest form of a float that reads back the same: "0.1", "1e+16", "2.0".
std::string float_text(double value);

/// A JSON value; the order of an object's keys is kept where the type keeps it.
Value from_json(Context& context, const nlohmann::json& json);
Value from_json(Context& context, const nlohmann::ordered_json& json);

/// The items that a for loop or a filter goes through: of a list, the keys of a dict, the characters of a
/// text, nothing of what is undefined. An error for anything else.
std::vector<Value> iterate(Context& context, const Value& value);

}  // namespace everform::templates
