#include "everform/domains/automata/pattern.h"

#include <array>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/domains/automata/rle.h"

namespace everform {
namespace {

struct BuiltIn {
  const char* name;
  std::string_view rle;
};

constexpr std::array kBuiltIns = {
    BuiltIn{"block", "x = 2, y = 2, rule = B3/S23\n2o$2o!\n"},
    BuiltIn{"blinker", "x = 3, y = 1, rule = B3/S23\n3o!\n"},
    BuiltIn{"toad", "x = 4, y = 2, rule = B3/S23\nb3o$3o!\n"},
    BuiltIn{"beacon", "x = 4, y = 4, rule = B3/S23\n2o$o$3bo$2b2o!\n"},
    BuiltIn{"glider", "x = 3, y = 3, rule = B3/S23\nbo$2bo$3o!\n"},
    BuiltIn{"lwss", "x = 5, y = 4, rule = B3/S23\nbo2bo$o$o3bo$4o!\n"},
    BuiltIn{"r-pentomino", "x = 3, y = 3, rule = B3/S23\nb2o$2o$bo!\n"},
    BuiltIn{"gosper-gun",
            "x = 36, y = 9, rule = B3/S23\n"
            "24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b\n"
            "obo$10bo5bo7bo$11bo3bo$12b2o!\n"},
};

}  // namespace

const std::vector<std::string>& built_in_pattern_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const BuiltIn& pattern : kBuiltIns) {
      all.emplace_back(pattern.name);
    }
    return all;
  }();
  return names;
}

std::string_view built_in_pattern_rle(const std::string& name) {
  for (const BuiltIn& pattern : kBuiltIns) {
    if (name == pattern.name) {
      return pattern.rle;
    }
  }
  throw Error(ErrorKind::kUsage, "choosing a pattern",
              "no built-in pattern is called \"" + printable(name) + "\"",
              suggestion(name, built_in_pattern_names()));
}

Pattern built_in_pattern(const std::string& name) {
  Pattern pattern = read_rle(built_in_pattern_rle(name), "pattern " + name);
  pattern.name = name;
  return pattern;
}

}  // namespace everform
