#include "everform/core/recipes/number_list.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "everform/core/base/error.h"

namespace everform {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& where) {
  throw Error(ErrorKind::kUsage, where, "\"" + printable(text, 60) + "\" is no list of numbers",
              "write numbers as 0,0.5,1 or a range as FIRST:LAST:COUNT");
}

}  // namespace

std::vector<double> parse_number_list(const std::string& text, const std::string& where) {
  const char separator = text.find(':') == std::string::npos ? ',' : ':';
  const char* const end = text.data() + text.size();
  std::vector<double> numbers;
  for (const char* at = text.data(); at <= end; ++at) {
    double value = 0.0;
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value) || (rest != end && *rest != separator)) {
      refuse(text, where);
    }
    numbers.push_back(value);
    at = rest;
  }
  if (separator == ',') {
    return numbers;
  }
  if (numbers.size() != 3 || !(numbers[2] >= 2 && numbers[2] <= 1000) ||
      numbers[2] != std::floor(numbers[2])) {
    refuse(text, where);
  }
  const auto count = static_cast<std::int64_t>(numbers[2]);
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(numbers[0] +
                     (numbers[1] - numbers[0]) * static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return values;
}

}  // namespace everform
