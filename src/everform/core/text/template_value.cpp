#include "everform/core/text/template_value.h"

#include <algorithm>
#include <cmath>

#include "everform/core/text/code_points.h"

namespace everform::templates {
namespace {

// The key of a dictionary as a text: numbers that are equal give the same.
std::string index_key(const Value& key) {
  if (const std::string* text = key.text()) {
    return "s" + *text;
  }
  if (key.is_none()) {
    return "none";
  }
  std::int64_t integer = 0;
  if (key.to_integer(integer)) {
    return "n" + std::to_string(integer);
  }
  const double number = key.to_double();
  return number == std::floor(number) && std::abs(number) < 9e18
             ? "n" + std::to_string(static_cast<std::int64_t>(number))
             : "f" + float_text(number);
}

bool can_be_key(const Value& key) {
  return key.text() != nullptr || key.is_none() || key.is_number();
}

std::size_t depth_of(const Value& value) {
  if (const List* list = value.list()) {
    return list->depth;
  }
  const Dict* dict = value.dict();
  return dict != nullptr ? dict->depth() : 0;
}

// The depth of a container that holds `value`.
std::size_t depth_around(Context& context, const Value& value) {
  if (value.get_if<std::shared_ptr<Namespace>>() != nullptr) {
    context.fail("a namespace inside of another value is not supported");
  }
  const std::size_t depth = depth_of(value) + 1;
  if (depth > context.limits().depth) {
    context.fail("lists and dictionaries nest deeper than " + std::to_string(context.limits().depth));
  }
  return depth;
}

template <typename Json>
Value convert(Context& context, const Json& json, std::size_t depth) {
  context.charge();
  if (depth > context.limits().depth) {
    context.fail("the variables nest deeper than " + std::to_string(context.limits().depth));
  }
  switch (json.type()) {
    case nlohmann::json::value_t::boolean:
      return Value(json.template get<bool>());
    case nlohmann::json::value_t::number_integer:
      return Value(json.template get<std::int64_t>());
    case nlohmann::json::value_t::number_unsigned: {
      const auto number = json.template get<std::uint64_t>();
      return number > INT64_MAX ? Value(static_cast<double>(number))
                                : Value(static_cast<std::int64_t>(number));
    }
    case nlohmann::json::value_t::number_float:
      return Value(json.template get<double>());
    case nlohmann::json::value_t::string:
      return make_text(context, json.template get<std::string>());
    case nlohmann::json::value_t::array: {
      std::vector<Value> items;
      for (const auto& item : json) {
        items.push_back(convert(context, item, depth + 1));
      }
      return make_list(context, std::move(items));
    }
    case nlohmann::json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) {
        dict.set(context, make_text(context, key), convert(context, item, depth + 1));
      }
      return make_dict(std::move(dict));
    }
    default:
      return Value(None{});
  }
}

bool equal_lists(Context& context, const List& a, const List& b) {
  if (a.tuple != b.tuple || a.items.size() != b.items.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(context, a.items[i], b.items[i])) {
      return false;
    }
  }
  return true;
}

bool equal_dicts(Context& context, const Dict& a, const Dict& b) {
  if (a.entries().size() != b.entries().size()) {
    return false;
  }
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.find(key);
    if (other == nullptr || !equal(context, value, *other)) {
      return false;
    }
  }
  return true;
}

}  // namespace

const Value* Dict::find(const std::string& key) const {
  const auto found = index_.find("s" + key);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const Value* Dict::find(const Value& key) const {
  if (!can_be_key(key)) {
    return nullptr;
  }
  const auto found = index_.find(index_key(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

void Dict::set(Context& context, const Value& key, Value value) {
  if (!can_be_key(key)) {
    context.fail("a " + type_name(key) + " cannot be the key of a dict here");
  }
  depth_ = std::max(depth_, depth_around(context, value));
  const auto [place, added] = index_.emplace(index_key(key), entries_.size());
  if (added) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
}

const List* Value::list() const {
  const auto* list = get_if<std::shared_ptr<const List>>();
  return list == nullptr ? nullptr : list->get();
}

const Dict* Value::dict() const {
  const auto* dict = get_if<std::shared_ptr<const Dict>>();
  return dict == nullptr ? nullptr : dict->get();
}

const std::string* Value::text() const {
  const auto* text = get_if<Text>();
  return text == nullptr ? nullptr : text->get();
}

bool Value::is_number() const {
  return get_if<bool>() != nullptr || get_if<std::int64_t>() != nullptr || get_if<double>() != nullptr;
}

bool Value::to_integer(std::int64_t& out) const {
  if (const bool* boolean = get_if<bool>()) {
    out = *boolean ? 1 : 0;
    return true;
  }
  if (const std::int64_t* integer = get_if<std::int64_t>()) {
    out = *integer;
    return true;
  }
  return false;
}

double Value::to_double() const {
  std::int64_t integer = 0;
  if (to_integer(integer)) {
    return static_cast<double>(integer);
  }
  const double* number = get_if<double>();
  return number == nullptr ? std::nan("") : *number;
}

std::string type_name(const Value& value) {
  static const char* const kNames[] = {"undefined value", "None", "bool",    "int",
                                       "float",           "str",  "list",    "dict",
                                       "namespace",       "loop", "function"};
  const List* list = value.list();
  return list != nullptr && list->tuple ? "tuple" : kNames[value.form().index()];
}

Value make_text(Context& context, std::string text) {
  context.allocate(text.size());
  return Value(std::make_shared<const std::string>(std::move(text)));
}

Value make_list(Context& context, std::vector<Value> items, bool tuple) {
  context.charge(1 + items.size());
  auto list = std::make_shared<List>();
  for (const Value& item : items) {
    list->depth = std::max(list->depth, depth_around(context, item));
  }
  list->items = std::move(items);
  list->tuple = tuple;
  return Value(std::shared_ptr<const List>(std::move(list)));
}

Value make_dict(Dict dict) {
  return Value(std::shared_ptr<const Dict>(std::make_shared<Dict>(std::move(dict))));
}

bool is_true(const Value& value) {
  if (const std::string* text = value.text()) {
    return !text->empty();
  }
  if (const List* list = value.list()) {
    return !list->items.empty();
  }
  if (const Dict* dict = value.dict()) {
    return !dict->entries().empty();
  }
  return value.is_number() ? value.to_double() != 0.0 : !value.is_undefined() && !value.is_none();
}

bool equal(Context& context, const Value& a, const Value& b) {
  context.charge();
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (a.to_integer(x) && b.to_integer(y)) {
    return x == y;
  }
  if (a.is_number() && b.is_number()) {
    return a.to_double() == b.to_double();
  }
  if (a.form().index() != b.form().index()) {
    return false;
  }
  if (const std::string* text = a.text()) {
    context.read(text->size());
    return *text == *b.text();
  }
  if (const List* list = a.list()) {
    return equal_lists(context, *list, *b.list());
  }
  if (const Dict* dict = a.dict()) {
    return equal_dicts(context, *dict, *b.dict());
  }
  if (const auto* space = a.get_if<std::shared_ptr<Namespace>>()) {
    return *space == *b.get_if<std::shared_ptr<Namespace>>();
  }
  return a.is_undefined() || a.is_none();
}

bool less(Context& context, const Value& a, const Value& b) {
  context.charge();
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (a.to_integer(x) && b.to_integer(y)) {
    return x < y;
  }
  if (a.is_number() && b.is_number()) {
    return a.to_double() < b.to_double();
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    context.read(a.text()->size());
    return *a.text() < *b.text();
  }
  const List* one = a.list();
  const List* two = b.list();
  if (one == nullptr || two == nullptr || one->tuple != two->tuple) {
    context.fail("a " + type_name(a) + " and a " + type_name(b) + " have no order");
  }
  for (std::size_t i = 0; i < std::min(one->items.size(), two->items.size()); ++i) {
    if (!equal(context, one->items[i], two->items[i])) {
      return less(context, one->items[i], two->items[i]);
    }
  }
  return one->items.size() < two->items.size();
}

Value from_json(Context& context, const nlohmann::json& json) {
  return convert(context, json, 0);
}
Value from_json(Context& context, const nlohmann::ordered_json& json) {
  return convert(context, json, 0);
}

std::vector<Value> iterate(Context& context, const Value& value) {
  std::vector<Value> items;
  if (const List* list = value.list()) {
    context.charge(list->items.size());
    return list->items;
  }
  if (const Dict* dict = value.dict()) {
    context.charge(dict->entries().size());
    for (const auto& [key, item] : dict->entries()) {
      items.push_back(key);
    }
    return items;
  }
  if (const std::string* text = value.text()) {
    for (std::size_t at = 0; at < text->size();) {
      context.charge();
      const std::size_t length = text::code_point_at(*text, at).length;
      items.push_back(make_text(context, text->substr(at, length)));
      at += length;
    }
    return items;
  }
  if (!value.is_undefined()) {
    context.fail("a " + type_name(value) + " cannot be iterated over");
  }
  return items;
}

}  // namespace everform::templates
