#include <algorithm>
#include <charconv>
#include <cmath>
#include <list>
#include <unordered_map>

#include "everform/core/text/template_library.h"
#include "everform/core/text/template_operations.h"
#include "everform/core/text/template_strings.h"

namespace everform::templates {
namespace {

using FilterFunction = Value (*)(Context&, const Value&, Arguments&);

// What Jinja's filters on texts do first: str() of the subject.
std::string text_of(Context& context, const Value& value) {
  std::string text = to_text(context, value);
  context.allocate(text.size());
  return text;
}

Value trim(Context& context, const Value& value, Arguments& arguments) {
  const std::optional<std::string> characters = arguments.take_optional_text("chars");
  const std::string text = text_of(context, value);
  context.read(text.size() * (characters ? characters->size() : 1));
  return make_text(context, characters && characters->empty() ? text : strip(text, characters.value_or("")));
}

template <std::string (*Function)(std::string_view)>
Value mapped(Context& context, const Value& value, Arguments& /*arguments*/) {
  return make_text(context, Function(text_of(context, value)));
}

Value to_json_filter(Context& context, const Value& value, Arguments& arguments) {
  JsonStyle style;
  style.ascii = arguments.take_flag("ensure_ascii", false);
  style.indent = arguments.take_integer("indent", -1);
  const std::optional<Value> separators = arguments.take("separators");
  style.sort_keys = arguments.take_flag("sort_keys", false);
  if (style.indent > 100) {
    context.fail("tojson: the indent must be at most 100");
  }
  if (style.indent >= 0) {
    style.item_separator = ",";
  }
  if (separators && !separators->is_none()) {
    const List* pair = separators->list();
    if (pair == nullptr || pair->items.size() != 2 || pair->items[0].text() == nullptr ||
        pair->items[1].text() == nullptr) {
      context.fail("tojson: separators must be two strings");
    }
    style.item_separator = *pair->items[0].text();
    style.key_separator = *pair->items[1].text();
  }
  return make_text(context, to_json_text(context, value, style));
}

Value length(Context& context, const Value& value, Arguments& /*arguments*/) {
  if (const std::string* text = value.text()) {
    context.read(text->size());
    return Value(static_cast<std::int64_t>(count_characters(*text)));
  }
  return Value(static_cast<std::int64_t>(iterate(context, value).size()));
}

// The attribute that map, sort and their kind look at: "a.b", or a number for the place in a list.
Value attribute_of(Context& context, const Value& value, const Value& attribute) {
  if (attribute.text() == nullptr) {
    return get_item(context, value, attribute);
  }
  Value found = value;
  for (const std::string& name : split(*attribute.text(), ".", -1)) {
    std::int64_t place = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), place);
    const bool number = parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
    found = get_item(context, found, number ? Value(place) : make_text(context, name));
  }
  return found;
}

Value join(Context& context, const Value& value, Arguments& arguments) {
  const std::string separator = arguments.take_optional_text("d").value_or("");
  const std::optional<Value> attribute = arguments.take("attribute");
  std::string out;
  bool first = true;
  for (const Value& item : iterate(context, value)) {
    const std::string text = to_text(context, attribute ? attribute_of(context, item, *attribute) : item);
    context.allocate(separator.size() + text.size());
    out += (first ? "" : separator) + text;
    first = false;
  }
  return make_text(context, std::move(out));
}

Value default_value(Context& context, const Value& value, Arguments& arguments) {
  const std::optional<Value> otherwise = arguments.take("default_value");
  const bool for_false = arguments.take_flag("boolean", false);
  const bool missing = value.is_undefined() || (for_false && !is_true(value));
  return missing ? otherwise.value_or(make_text(context, "")) : value;
}

template <bool Last>
Value end_item(Context& context, const Value& value, Arguments& /*arguments*/) {
  const std::vector<Value> items = iterate(context, value);
  return items.empty() ? Value(Undefined{Last ? "the last item" : "the first item"})
                       : (Last ? items.back() : items.front());
}

Value to_list(Context& context, const Value& value, Arguments& /*arguments*/) {
  return make_list(context, iterate(context, value));
}

Value to_string_filter(Context& context, const Value& value, Arguments& /*arguments*/) {
  return value.text() != nullptr ? value : make_text(context, to_text(context, value));
}

// The number that a whole text spells, white space around it apart.
template <typename Number>
std::optional<Number> parse_number(const std::string& source) {
  const std::string text = strip(source);
  const char* begin = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
  const char* end = text.data() + text.size();
  Number number{};
  const auto result = std::from_chars(begin, end, number);
  return result.ec == std::errc() && result.ptr == end ? std::optional(number) : std::nullopt;
}

std::optional<double> double_of(const Value& value) {
  return value.text() != nullptr ? parse_number<double>(*value.text())
         : value.is_number()     ? std::optional(value.to_double())
                                 : std::nullopt;
}

Value to_int(Context& context, const Value& value, Arguments& arguments) {
  const std::optional<Value> otherwise = arguments.take("default");
  std::int64_t integer = 0;
  if (value.to_integer(integer)) {
    return Value(integer);
  }
  if (const std::string* text = value.text()) {
    context.read(text->size());
    if (const auto number = parse_number<std::int64_t>(*text)) {
      return Value(*number);
    }
  }
  const std::optional<double> number = double_of(value);
  constexpr double kTooLarge = 9.2e18;
  return number && std::abs(*number) < kTooLarge ? Value(static_cast<std::int64_t>(*number))
                                                 : otherwise.value_or(Value(std::int64_t{0}));
}

Value to_float(Context& context, const Value& value, Arguments& arguments) {
  const std::optional<Value> otherwise = arguments.take("default");
  context.read(value.text() != nullptr ? value.text()->size() : 0);
  const std::optional<double> number = double_of(value);
  return number ? Value(*number) : otherwise.value_or(Value(0.0));
}

Value replaced(Context& context, const Value& value, Arguments& arguments) {
  const Value text = make_text(context, text_of(context, value));
  Arguments same(context, "replace");
  same.positional = {make_text(context, to_text(context, arguments.take_required("old"))),
                     make_text(context, to_text(context, arguments.take_required("new")))};
  if (const std::int64_t limit = arguments.take_integer("count", -1); limit >= 0) {
    same.positional.emplace_back(limit);
  }
  return call_method(context, text, "replace", std::move(same));
}

Value items_of(Context& context, const Value& value, Arguments& /*arguments*/) {
  if (value.is_undefined()) {
    return make_list(context, {});
  }
  if (value.dict() == nullptr) {
    context.fail("items needs a dict, not a " + type_name(value));
  }
  return call_method(context, value, "items", Arguments(context, "items"));
}

// The rest of the arguments, for the filter or test that they are meant for.
Arguments rest_of(Context& context, const std::string& callee, const Arguments& arguments,
                  std::size_t begin) {
  Arguments rest(context, callee);
  if (begin < arguments.positional.size()) {
    rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(begin),
                           arguments.positional.end());
  }
  rest.named = arguments.named;
  return rest;
}

// Marks all arguments as taken.
void take_all(Arguments& arguments) {
  arguments.positional.clear();
  arguments.named.clear();
}

Value map_items(Context& context, const Value& value, Arguments& arguments) {
  std::vector<Value> out;
  if (arguments.positional.empty()) {
    const Value attribute = arguments.take_required("attribute");
    const std::optional<Value> otherwise = arguments.take("default");
    for (const Value& item : iterate(context, value)) {
      Value found = attribute_of(context, item, attribute);
      out.push_back(found.is_undefined() && otherwise ? *otherwise : std::move(found));
    }
    return make_list(context, std::move(out));
  }
  const std::string name = arguments.take_text("filter");
  if (!is_filter(name)) {
    context.fail("the filter " + name + " is not supported");
  }
  const Arguments rest = rest_of(context, name, arguments, 1);
  take_all(arguments);
  for (const Value& item : iterate(context, value)) {
    out.push_back(apply_filter(context, name, item, rest));
  }
  return make_list(context, std::move(out));
}

// select, reject, selectattr and rejectattr: the items, or their attribute, that pass a test; that are true
// without one.
template <bool Keep, bool ByAttribute>
Value choose(Context& context, const Value& value, Arguments& arguments) {
  const Value attribute = ByAttribute ? arguments.take_required("attribute") : Value();
  const std::optional<std::string> name = arguments.take_optional_text("test");
  if (name && !is_test(*name)) {
    context.fail("the test " + *name + " is not supported");
  }
  const Arguments rest = rest_of(context, name.value_or(""), arguments, ByAttribute ? 2 : 1);
  take_all(arguments);
  std::vector<Value> out;
  for (const Value& item : iterate(context, value)) {
    const Value subject = ByAttribute ? attribute_of(context, item, attribute) : item;
    if ((name ? apply_test(context, *name, subject, rest) : is_true(subject)) == Keep) {
      out.push_back(item);
    }
  }
  return make_list(context, std::move(out));
}

Value unchanged(Context& /*context*/, const Value& value, Arguments& /*arguments*/) {
  return value;
}

Value reverse(Context& context, const Value& value, Arguments& /*arguments*/) {
  if (value.text() != nullptr) {
    return get_slice(context, value, std::nullopt, std::nullopt, -1);
  }
  std::vector<Value> items = iterate(context, value);
  std::reverse(items.begin(), items.end());
  return make_list(context, std::move(items));
}

// Texts are compared without case, unless asked for.
Value sort_key(Context& context, const Value& value, bool with_case) {
  return value.text() != nullptr && !with_case ? make_text(context, to_lower(*value.text())) : value;
}

// A merge sort of a linked list: stable, and safe even where NaN spoils the order.
std::vector<Value> sorted(Context& context, const std::vector<Value>& values, const std::vector<Value>& keys,
                          bool descending) {
  std::list<std::pair<const Value*, const Value*>> list;
  for (std::size_t i = 0; i < values.size(); ++i) {
    list.emplace_back(&keys[i], &values[i]);
  }
  list.sort([&](const auto& a, const auto& b) {
    return descending ? less(context, *b.first, *a.first) : less(context, *a.first, *b.first);
  });
  std::vector<Value> out;
  for (const auto& [key, value] : list) {
    out.push_back(*value);
  }
  return out;
}

Value sort(Context& context, const Value& value, Arguments& arguments) {
  const bool descending = arguments.take_flag("reverse", false);
  const bool with_case = arguments.take_flag("case_sensitive", false);
  const std::optional<Value> attribute = arguments.take("attribute");
  const std::vector<Value> items = iterate(context, value);
  std::vector<Value> keys;
  for (const Value& item : items) {
    keys.push_back(sort_key(context, attribute ? attribute_of(context, item, *attribute) : item, with_case));
  }
  return make_list(context, sorted(context, items, keys, descending));
}

Value sort_dict(Context& context, const Value& value, Arguments& arguments) {
  const bool with_case = arguments.take_flag("case_sensitive", false);
  const std::string by = arguments.take_optional_text("by").value_or("key");
  const bool descending = arguments.take_flag("reverse", false);
  if (value.dict() == nullptr || (by != "key" && by != "value")) {
    context.fail("dictsort needs a dict, and by to be key or value");
  }
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, item] : value.dict()->entries()) {
    items.push_back(make_list(context, {key, item}, true));
    keys.push_back(sort_key(context, by == "key" ? key : item, with_case));
  }
  return make_list(context, sorted(context, items, keys, descending));
}

Value unique(Context& context, const Value& value, Arguments& arguments) {
  const bool with_case = arguments.take_flag("case_sensitive", false);
  std::vector<Value> out;
  std::vector<Value> seen;
  for (const Value& item : iterate(context, value)) {
    Value key = sort_key(context, item, with_case);
    if (std::none_of(seen.begin(), seen.end(),
                     [&](const Value& other) { return equal(context, key, other); })) {
      seen.push_back(std::move(key));
      out.push_back(item);
    }
  }
  return make_list(context, std::move(out));
}

Value indent(Context& context, const Value& value, Arguments& arguments) {
  const std::optional<Value> width = arguments.take("width");
  const bool first = arguments.take_flag("first", false);
  const bool blank = arguments.take_flag("blank", false);
  std::int64_t spaces = 4;
  if (width && width->text() == nullptr && (!width->to_integer(spaces) || spaces < 0 || spaces > 1000)) {
    context.fail("indent: the width must be a str, or an int of at most 1000");
  }
  const std::string margin =
      width && width->text() != nullptr ? *width->text() : std::string(static_cast<std::size_t>(spaces), ' ');
  const std::string text = text_of(context, value);
  context.allocate(text.size() + margin.size() * (1 + count_occurrences(text, "\n")));
  std::string out;
  bool begun = false;
  for (const std::string& line : split(text, "\n", -1)) {
    out += begun ? "\n" : "";
    out += (begun ? !line.empty() || blank : first) ? margin : "";
    out += line;
    begun = true;
  }
  return make_text(context, std::move(out));
}

Value absolute(Context& context, const Value& value, Arguments& /*arguments*/) {
  const bool negative = value.is_number() && value.to_double() < 0;
  return apply_sign(context, negative ? UnaryOperator::kMinus : UnaryOperator::kPlus, value);
}

const std::unordered_map<std::string, FilterFunction>& filters() {
  static const std::unordered_map<std::string, FilterFunction> table = {{"trim", trim},
                                                                        {"upper", mapped<to_upper>},
                                                                        {"lower", mapped<to_lower>},
                                                                        {"title", mapped<capitalize_words>},
                                                                        {"capitalize", mapped<capitalize>},
                                                                        {"tojson", to_json_filter},
                                                                        {"length", length},
                                                                        {"count", length},
                                                                        {"join", join},
                                                                        {"default", default_value},
                                                                        {"d", default_value},
                                                                        {"first", end_item<false>},
                                                                        {"last", end_item<true>},
                                                                        {"list", to_list},
                                                                        {"string", to_string_filter},
                                                                        {"int", to_int},
                                                                        {"float", to_float},
                                                                        {"replace", replaced},
                                                                        {"items", items_of},
                                                                        {"map", map_items},
                                                                        {"select", choose<true, false>},
                                                                        {"reject", choose<false, false>},
                                                                        {"selectattr", choose<true, true>},
                                                                        {"rejectattr", choose<false, true>},
                                                                        {"safe", unchanged},
                                                                        {"reverse", reverse},
                                                                        {"sort", sort},
                                                                        {"dictsort", sort_dict},
                                                                        {"unique", unique},
                                                                        {"indent", indent},
                                                                        {"abs", absolute}};
  return table;
}

}  // namespace

bool is_filter(const std::string& name) {
  return filters().contains(name);
}

Value apply_filter(Context& context, const std::string& name, const Value& subject, Arguments arguments) {
  context.charge();
  Value result = filters().at(name)(context, subject, arguments);
  arguments.finish();
  return result;
}

}  // namespace everform::templates
