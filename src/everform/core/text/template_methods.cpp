#include <algorithm>
#include <unordered_map>

#include "everform/core/text/template_library.h"
#include "everform/core/text/template_strings.h"

namespace everform::templates {
namespace {

Value make_text_list(Context& context, std::vector<std::string> texts) {
  std::vector<Value> items;
  for (std::string& text : texts) {
    items.push_back(make_text(context, std::move(text)));
  }
  return make_list(context, std::move(items));
}

// strip, lstrip and rstrip
template <std::string (*Function)(std::string_view, std::string_view)>
Value stripped(Context& context, const std::string& self, Arguments& arguments) {
  const std::optional<std::string> characters = arguments.take_optional_text("chars");
  arguments.finish();
  if (characters && characters->empty()) {
    return make_text(context, self);
  }
  context.read(self.size() * (characters ? characters->size() : 1));
  return make_text(context, Function(self, characters.value_or("")));
}

// upper, lower, title and capitalize
template <std::string (*Function)(std::string_view)>
Value mapped(Context& context, const std::string& self, Arguments& arguments) {
  arguments.finish();
  return make_text(context, Function(self));
}

// isdigit and its kind
template <CharacterClass Wanted>
Value all_are(Context& /*context*/, const std::string& self, Arguments& arguments) {
  arguments.finish();
  return Value(all_of_class(self, Wanted));
}

template <bool (*Function)(std::string_view)>
Value asks(Context& /*context*/, const std::string& self, Arguments& arguments) {
  arguments.finish();
  return Value(Function(self));
}

// split and rsplit
template <std::vector<std::string> (*Function)(std::string_view, std::string_view, long)>
Value split_with(Context& context, const std::string& self, Arguments& arguments) {
  const std::optional<std::string> separator = arguments.take_optional_text("sep");
  const std::int64_t limit = arguments.take_integer("maxsplit", -1);
  arguments.finish();
  if (separator && separator->empty()) {
    context.fail("split: the separator is empty");
  }
  return make_text_list(context, Function(self, separator.value_or(""), static_cast<long>(limit)));
}

Value lines(Context& context, const std::string& self, Arguments& arguments) {
  const bool keep_ends = arguments.take_flag("keepends", false);
  arguments.finish();
  return make_text_list(context, split_lines(self, keep_ends));
}

// startswith and endswith, of one text or any of a tuple
template <bool AtEnd>
Value has_end(Context& context, const std::string& self, Arguments& arguments) {
  const Value wanted = arguments.take_required(AtEnd ? "suffix" : "prefix");
  arguments.finish();
  const List* several = wanted.list();
  const std::vector<Value> choices =
      several != nullptr && several->tuple ? several->items : std::vector{wanted};
  bool found = false;
  for (const Value& choice : choices) {
    const std::string* text = choice.text();
    if (text == nullptr) {
      context.fail("a str or a tuple of them is needed, not a " + type_name(choice));
    }
    context.read(text->size());
    found = found || (AtEnd ? self.ends_with(*text) : self.starts_with(*text));
  }
  return Value(found);
}

template <bool AtEnd>
Value without_end(Context& context, const std::string& self, Arguments& arguments) {
  const std::string part = arguments.take_text(AtEnd ? "suffix" : "prefix");
  arguments.finish();
  if (AtEnd ? !self.ends_with(part) : !self.starts_with(part)) {
    return make_text(context, self);
  }
  return make_text(context, AtEnd ? self.substr(0, self.size() - part.size()) : self.substr(part.size()));
}

Value replaced(Context& context, const std::string& self, Arguments& arguments) {
  const std::string from = arguments.take_text("old");
  const std::string to = arguments.take_text("new");
  const std::int64_t limit = arguments.take_integer("count", -1);
  arguments.finish();
  // Checked before it is made: a short text can become a very long one.
  context.allocate(self.size() + count_occurrences(self, from) * to.size());
  return make_text(context, replace(self, from, to, static_cast<long>(limit)));
}

template <bool Last>
Value found(Context& context, const std::string& self, Arguments& arguments) {
  const std::string part = arguments.take_text("sub");
  arguments.finish();
  context.read(self.size());
  const std::size_t at = Last ? find_last(self, part) : find(self, part);
  return Value(at == std::string::npos
                   ? std::int64_t{-1}
                   : static_cast<std::int64_t>(count_characters(std::string_view(self).substr(0, at))));
}

Value counted(Context& /*context*/, const std::string& self, Arguments& arguments) {
  const std::string part = arguments.take_text("sub");
  arguments.finish();
  return Value(static_cast<std::int64_t>(count_occurrences(self, part)));
}

Value joined(Context& context, const std::string& self, Arguments& arguments) {
  const Value items = arguments.take_required("iterable");
  arguments.finish();
  std::string out;
  bool first = true;
  for (const Value& item : iterate(context, items)) {
    if (item.text() == nullptr) {
      context.fail("join: a str is needed, not a " + type_name(item));
    }
    context.allocate(self.size() + item.text()->size());
    out += (first ? "" : self) + *item.text();
    first = false;
  }
  return make_text(context, std::move(out));
}

using TextMethod = Value (*)(Context&, const std::string&, Arguments&);

const std::unordered_map<std::string, TextMethod>& text_methods() {
  static const std::unordered_map<std::string, TextMethod> table = {
      {"strip", stripped<strip>},
      {"lstrip", stripped<strip_begin>},
      {"rstrip", stripped<strip_end>},
      {"upper", mapped<to_upper>},
      {"lower", mapped<to_lower>},
      {"title", mapped<to_title>},
      {"capitalize", mapped<capitalize>},
      {"split", split_with<split>},
      {"rsplit", split_with<split_from_end>},
      {"splitlines", lines},
      {"startswith", has_end<false>},
      {"endswith", has_end<true>},
      {"removeprefix", without_end<false>},
      {"removesuffix", without_end<true>},
      {"replace", replaced},
      {"find", found<false>},
      {"rfind", found<true>},
      {"count", counted},
      {"join", joined},
      {"isspace", all_are<CharacterClass::kSpace>},
      {"isdigit", all_are<CharacterClass::kDigit>},
      {"isalpha", all_are<CharacterClass::kAlphabetic>},
      {"isalnum", all_are<CharacterClass::kAlphanumeric>},
      {"isupper", asks<is_upper>},
      {"islower", asks<is_lower>}};
  return table;
}

Value call_dict_method(Context& context, const Dict& self, const std::string& name, Arguments& arguments) {
  if (name == "get") {
    const Value key = arguments.take_required("key");
    const std::optional<Value> otherwise = arguments.take("default");
    arguments.finish();
    const Value* value = self.find(key);
    return value != nullptr ? *value : otherwise.value_or(Value(None{}));
  }
  arguments.finish();
  std::vector<Value> items;
  for (const auto& [key, value] : self.entries()) {
    items.push_back(name == "keys" ? key : name == "values" ? value : make_list(context, {key, value}, true));
  }
  return make_list(context, std::move(items));
}

bool is_dict_method(const std::string& name) {
  return name == "get" || name == "keys" || name == "values" || name == "items";
}

}  // namespace

bool is_method(const Value& subject, const std::string& name) {
  return subject.text() != nullptr ? text_methods().contains(name)
                                   : subject.dict() != nullptr && is_dict_method(name);
}

Value call_method(Context& context, const Value& subject, const std::string& name, Arguments arguments) {
  if (const std::string* text = subject.text()) {
    context.read(text->size());
    return text_methods().at(name)(context, *text, arguments);
  }
  return call_dict_method(context, *subject.dict(), name, arguments);
}

}  // namespace everform::templates
