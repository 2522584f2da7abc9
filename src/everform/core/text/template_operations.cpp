#include "everform/core/text/template_operations.h"

#include <algorithm>
#include <cmath>

#include "everform/core/text/template_library.h"
#include "everform/core/text/template_strings.h"

namespace everform::templates {
namespace {

const char* symbol(BinaryOperator operation) {
  static const char* const kSymbols[] = {"+", "-", "*", "/", "//", "%", "**", "and", "or"};
  return kSymbols[static_cast<std::size_t>(operation)];
}

[[noreturn]] void refuse(Context& context, BinaryOperator operation, const Value& a, const Value& b) {
  context.fail(std::string(symbol(operation)) + " is not supported between a " + type_name(a) + " and a " +
               type_name(b));
}

// Python's integers have no end; ours end at 64 bits, which is an error, not a wrong number.
Value whole_number(Context& context, bool overflow, std::int64_t value) {
  if (overflow) {
    context.fail("the number does not fit into 64 bits");
  }
  return Value(value);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Value power(Context& context, std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  bool overflow = false;
  for (std::int64_t i = 0; i < exponent && !overflow && base != 1 && (base != 0 || i == 0); ++i) {
    context.charge();
    overflow = __builtin_mul_overflow(result, base, &result);
  }
  return whole_number(context, overflow, result);
}

Value apply_to_integers(Context& context, BinaryOperator operation, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (operation) {
    case BinaryOperator::kAdd:
      return whole_number(context, __builtin_add_overflow(a, b, &result), result);
    case BinaryOperator::kSubtract:
      return whole_number(context, __builtin_sub_overflow(a, b, &result), result);
    case BinaryOperator::kMultiply:
      return whole_number(context, __builtin_mul_overflow(a, b, &result), result);
    case BinaryOperator::kDivide:
      return Value(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOperator::kFloorDivide:
      return b == -1 ? whole_number(context, __builtin_sub_overflow(std::int64_t{0}, a, &result), result)
                     : Value(floor_divide(a, b));
    case BinaryOperator::kModulo:
      return b == -1 ? Value(std::int64_t{0}) : Value(a - b * floor_divide(a, b));
    default:
      return b < 0 ? Value(std::pow(static_cast<double>(a), static_cast<double>(b))) : power(context, a, b);
  }
}

Value apply_to_doubles(BinaryOperator operation, double a, double b) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return Value(a + b);
    case BinaryOperator::kSubtract:
      return Value(a - b);
    case BinaryOperator::kMultiply:
      return Value(a * b);
    case BinaryOperator::kDivide:
      return Value(a / b);
    case BinaryOperator::kFloorDivide:
      return Value(std::floor(a / b));
    case BinaryOperator::kModulo: {
      const double rest = std::fmod(a, b);
      return Value(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
    default:
      return Value(std::pow(a, b));
  }
}

Value repeat(Context& context, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (const std::string* text = value.text()) {
    std::size_t bytes = 0;
    context.allocate(__builtin_mul_overflow(text->size(), count, &bytes) ? SIZE_MAX / 2 : bytes);
    std::string out;
    for (std::size_t i = 0; i < count && !text->empty(); ++i) {
      out += *text;
    }
    return make_text(context, std::move(out));
  }
  const List& list = *value.list();
  std::vector<Value> items;
  for (std::size_t i = 0; i < count && !list.items.empty(); ++i) {
    context.charge(list.items.size());
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return make_list(context, std::move(items), list.tuple);
}

Value concatenate(Context& context, const Value& a, const Value& b) {
  if (a.text() != nullptr && b.text() != nullptr) {
    context.allocate(a.text()->size() + b.text()->size());
    return make_text(context, *a.text() + *b.text());
  }
  const List* one = a.list();
  const List* two = b.list();
  if (one == nullptr || two == nullptr || one->tuple != two->tuple) {
    refuse(context, BinaryOperator::kAdd, a, b);
  }
  context.charge(one->items.size() + two->items.size());
  std::vector<Value> items = one->items;
  items.insert(items.end(), two->items.begin(), two->items.end());
  return make_list(context, std::move(items), one->tuple);
}

Value loop_attribute(const Loop& loop, const std::string& name) {
  const std::vector<Value>& items = loop.items->items;
  const auto integer = [](std::size_t value) { return Value(static_cast<std::int64_t>(value)); };
  const auto item = [&](bool there, std::size_t index) {
    return there ? items[index] : Value(Undefined{"loop." + name});
  };
  if (name == "index") {
    return integer(loop.index + 1);
  }
  if (name == "index0") {
    return integer(loop.index);
  }
  if (name == "revindex") {
    return integer(items.size() - loop.index);
  }
  if (name == "revindex0") {
    return integer(items.size() - loop.index - 1);
  }
  if (name == "first") {
    return Value(loop.index == 0);
  }
  if (name == "last") {
    return Value(loop.index + 1 == items.size());
  }
  if (name == "length") {
    return integer(items.size());
  }
  if (name == "previtem") {
    return item(loop.index > 0, loop.index - 1);
  }
  if (name == "nextitem") {
    return item(loop.index + 1 < items.size(), loop.index + 1);
  }
  if (name == "depth" || name == "depth0") {
    // They count the levels of recursive loops, which are not supported.
    return integer(name == "depth" ? 1 : 0);
  }
  return Value(Undefined{"loop." + name});
}

Value missing(const Value& subject, const std::string& name) {
  return Value(Undefined{type_name(subject) + "." + name});
}

}  // namespace

Value apply_binary(Context& context, BinaryOperator operation, const Value& a, const Value& b) {
  const bool divides = operation == BinaryOperator::kDivide || operation == BinaryOperator::kFloorDivide ||
                       operation == BinaryOperator::kModulo;
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (a.is_number() && b.is_number()) {
    if ((divides && b.to_double() == 0) ||
        (operation == BinaryOperator::kPower && a.to_double() == 0 && b.to_double() < 0)) {
      context.fail("a division by zero");
    }
    return a.to_integer(x) && b.to_integer(y) ? apply_to_integers(context, operation, x, y)
                                              : apply_to_doubles(operation, a.to_double(), b.to_double());
  }
  const auto repeats = [](const Value& value) { return value.text() != nullptr || value.list() != nullptr; };
  if (operation == BinaryOperator::kMultiply && repeats(a) && b.to_integer(y)) {
    return repeat(context, a, y);
  }
  if (operation == BinaryOperator::kMultiply && repeats(b) && a.to_integer(x)) {
    return repeat(context, b, x);
  }
  if (operation == BinaryOperator::kAdd) {
    return concatenate(context, a, b);
  }
  refuse(context, operation, a, b);
}

Value apply_sign(Context& context, UnaryOperator operation, const Value& value) {
  std::int64_t integer = 0;
  if (!value.is_number()) {
    context.fail("a number is needed, not a " + type_name(value));
  }
  if (!value.to_integer(integer)) {
    return Value(operation == UnaryOperator::kMinus ? -value.to_double() : value.to_double());
  }
  return operation == UnaryOperator::kMinus
             ? apply_to_integers(context, BinaryOperator::kSubtract, 0, integer)
             : Value(integer);
}

bool contains(Context& context, const Value& whole, const Value& part) {
  if (const std::string* text = whole.text()) {
    if (part.text() == nullptr) {
      context.fail("in: a str can only hold a str, not a " + type_name(part));
    }
    context.read(text->size());
    return find(*text, *part.text()) != std::string::npos;
  }
  if (const Dict* dict = whole.dict()) {
    return dict->find(part) != nullptr;
  }
  if (const List* list = whole.list()) {
    return std::any_of(list->items.begin(), list->items.end(),
                       [&](const Value& item) { return equal(context, item, part); });
  }
  if (!whole.is_undefined()) {
    context.fail("in: a " + type_name(whole) + " holds nothing");
  }
  return false;
}

bool apply_comparison(Context& context, Comparison comparison, const Value& a, const Value& b) {
  switch (comparison) {
    case Comparison::kEqual:
      return equal(context, a, b);
    case Comparison::kUnequal:
      return !equal(context, a, b);
    case Comparison::kLess:
      return less(context, a, b);
    case Comparison::kLessEqual:
      return less(context, a, b) || equal(context, a, b);
    case Comparison::kGreater:
      return less(context, b, a);
    case Comparison::kGreaterEqual:
      return less(context, b, a) || equal(context, a, b);
    case Comparison::kIn:
      return contains(context, b, a);
    case Comparison::kNotIn:
      return !contains(context, b, a);
  }
  return false;
}

Value get_attribute(Context& context, const Value& subject, const std::string& name) {
  if (subject.is_undefined()) {
    context.fail(std::get<Undefined>(subject.form()).name + " is undefined, so it has no " + name);
  }
  if (is_method(subject, name)) {
    return Value(std::make_shared<const Callable>(
        Callable{.name = name, .self = subject, .kind = Callable::Kind::kMethod}));
  }
  if (const auto* space = subject.get_if<std::shared_ptr<Namespace>>()) {
    const auto found = (*space)->values.find(name);
    return found == (*space)->values.end() ? missing(subject, name) : found->second;
  }
  if (const auto* loop = subject.get_if<std::shared_ptr<const Loop>>()) {
    if (name == "cycle") {
      return Value(std::make_shared<const Callable>(
          Callable{.name = name, .self = subject, .kind = Callable::Kind::kLoopCycle}));
    }
    return loop_attribute(**loop, name);
  }
  const Value* found = subject.dict() == nullptr ? nullptr : subject.dict()->find(name);
  return found != nullptr ? *found : missing(subject, name);
}

Value get_item(Context& context, const Value& subject, const Value& index) {
  const std::string* name = index.text();
  if (const Dict* dict = subject.dict()) {
    if (const Value* found = dict->find(index)) {
      return *found;
    }
  }
  if (name != nullptr) {
    return get_attribute(context, subject, *name);
  }
  if (subject.is_undefined()) {
    context.fail(std::get<Undefined>(subject.form()).name + " is undefined, so it has no items");
  }
  std::int64_t place = 0;
  if (!index.to_integer(place)) {
    return missing(subject, "[...]");
  }
  const std::string label = "[" + std::to_string(place) + "]";
  if (const List* list = subject.list()) {
    const auto size = static_cast<std::int64_t>(list->items.size());
    place += place < 0 ? size : 0;
    return place >= 0 && place < size ? list->items[static_cast<std::size_t>(place)]
                                      : missing(subject, label);
  }
  if (const std::string* text = subject.text()) {
    context.read(text->size());
    const std::vector<std::size_t> offsets = character_offsets(*text);
    const auto size = static_cast<std::int64_t>(offsets.size()) - 1;
    place += place < 0 ? size : 0;
    if (place >= 0 && place < size) {
      const std::size_t begin = offsets[static_cast<std::size_t>(place)];
      return make_text(context, text->substr(begin, offsets[static_cast<std::size_t>(place) + 1] - begin));
    }
  }
  return missing(subject, label);
}

Value get_slice(Context& context, const Value& subject, std::optional<std::int64_t> begin,
                std::optional<std::int64_t> end, std::optional<std::int64_t> step) {
  const std::string* text = subject.text();
  const List* list = subject.list();
  if (text == nullptr && list == nullptr) {
    context.fail("a " + type_name(subject) + " cannot be sliced");
  }
  const std::vector<std::size_t> offsets =
      text != nullptr ? character_offsets(*text) : std::vector<std::size_t>{};
  const auto size = static_cast<std::int64_t>(text != nullptr ? offsets.size() - 1 : list->items.size());
  const std::int64_t stride = step.value_or(1);
  if (stride == 0) {
    context.fail("a slice's step must not be 0");
  }
  // Python's rule: from the end where negative, then clamped to what the direction can reach.
  const std::int64_t low = stride > 0 ? 0 : -1;
  const std::int64_t high = stride > 0 ? size : size - 1;
  const auto clamp = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
    return bound ? std::clamp(*bound < 0 ? *bound + size : *bound, low, high) : otherwise;
  };
  const std::int64_t first = clamp(begin, stride > 0 ? low : high);
  const std::int64_t last = clamp(end, stride > 0 ? high : low);
  context.charge(static_cast<std::size_t>(size) / (text != nullptr ? 16 : 1));
  std::string out;
  std::vector<Value> items;
  for (std::int64_t i = first; stride > 0 ? i < last : i > last;) {
    const auto at = static_cast<std::size_t>(i);
    if (text != nullptr) {
      out.append(*text, offsets[at], offsets[at + 1] - offsets[at]);
    } else {
      items.push_back(list->items[at]);
    }
    if (__builtin_add_overflow(i, stride, &i)) {
      break;
    }
  }
  return text != nullptr ? make_text(context, std::move(out))
                         : make_list(context, std::move(items), list->tuple);
}

}  // namespace everform::templates
