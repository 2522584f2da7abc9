#include <cmath>
#include <unordered_map>

#include "everform/core/text/template_library.h"
#include "everform/core/text/template_operations.h"
#include "everform/core/text/template_strings.h"

namespace everform::templates {
namespace {

using TestFunction = bool (*)(Context&, const Value&, Arguments&);

template <Comparison Wanted>
bool compares(Context& context, const Value& value, Arguments& arguments) {
  return apply_comparison(context, Wanted, value, arguments.take_required("other"));
}

std::int64_t integer_of(Context& context, const Value& value) {
  std::int64_t integer = 0;
  if (!value.to_integer(integer)) {
    context.fail("an int is needed, not a " + type_name(value));
  }
  return integer;
}

template <typename Type>
bool is_a(Context& /*context*/, const Value& value, Arguments& /*arguments*/) {
  return value.get_if<Type>() != nullptr;
}

template <bool Wanted>
bool is_boolean(Context& /*context*/, const Value& value, Arguments& /*arguments*/) {
  const bool* boolean = value.get_if<bool>();
  return boolean != nullptr && *boolean == Wanted;
}

template <std::int64_t Remainder>
bool has_parity(Context& context, const Value& value, Arguments& /*arguments*/) {
  return (integer_of(context, value) & 1) == Remainder;
}

bool divides(Context& context, const Value& value, Arguments& arguments) {
  const std::int64_t divisor = integer_of(context, arguments.take_required("num"));
  if (divisor == 0) {
    context.fail("divisibleby: the number must not be 0");
  }
  // The smallest integer has no partner of the other sign: dividing it by -1 would overflow.
  return divisor == -1 || integer_of(context, value) % divisor == 0;
}

bool is_iterable(const Value& value) {
  return value.is_undefined() || value.text() != nullptr || value.list() != nullptr ||
         value.dict() != nullptr;
}

// Identity: of scalars the same value of the same type, of others the same object.
bool same_as(Context& context, const Value& value, Arguments& arguments) {
  const Value other = arguments.take_required("other");
  if (value.form().index() != other.form().index()) {
    return false;
  }
  if (value.list() != nullptr || value.dict() != nullptr) {
    return value.list() == other.list() && value.dict() == other.dict();
  }
  return equal(context, value, other);
}

const std::unordered_map<std::string, TestFunction>& tests() {
  static const std::unordered_map<std::string, TestFunction> table = {
      {"defined", [](Context&, const Value& v, Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](Context&, const Value& v, Arguments&) { return v.is_undefined(); }},
      {"none", [](Context&, const Value& v, Arguments&) { return v.is_none(); }},
      {"string", is_a<Text>},
      {"number", [](Context&, const Value& v, Arguments&) { return v.is_number(); }},
      {"integer", is_a<std::int64_t>},
      {"float", is_a<double>},
      {"boolean", is_a<bool>},
      {"true", is_boolean<true>},
      {"false", is_boolean<false>},
      {"mapping", is_a<std::shared_ptr<const Dict>>},
      {"iterable", [](Context&, const Value& v, Arguments&) { return is_iterable(v); }},
      {"sequence", [](Context&, const Value& v, Arguments&) { return is_iterable(v); }},
      {"callable", is_a<std::shared_ptr<const Callable>>},
      {"even", has_parity<0>},
      {"odd", has_parity<1>},
      {"divisibleby", divides},
      {"sameas", same_as},
      {"in", [](Context& c, const Value& v, Arguments& a) { return contains(c, a.take_required("seq"), v); }},
      {"eq", compares<Comparison::kEqual>},
      {"equalto", compares<Comparison::kEqual>},
      {"ne", compares<Comparison::kUnequal>},
      {"lt", compares<Comparison::kLess>},
      {"lessthan", compares<Comparison::kLess>},
      {"le", compares<Comparison::kLessEqual>},
      {"gt", compares<Comparison::kGreater>},
      {"greaterthan", compares<Comparison::kGreater>},
      {"ge", compares<Comparison::kGreaterEqual>},
      {"upper", [](Context& c, const Value& v, Arguments&) { return is_upper(to_text(c, v)); }},
      {"lower", [](Context& c, const Value& v, Arguments&) { return is_lower(to_text(c, v)); }}};
  return table;
}

}  // namespace

bool is_test(const std::string& name) {
  return tests().contains(name);
}

bool apply_test(Context& context, const std::string& name, const Value& subject, Arguments arguments) {
  context.charge();
  const bool result = tests().at(name)(context, subject, arguments);
  arguments.finish();
  return result;
}

}  // namespace everform::templates
