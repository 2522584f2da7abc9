#include "everform/core/decoding/constraints/string_formats.h"

#include <utility>

namespace everform::constraints {
namespace {

// RFC 3339. February has 29 days in years that 4 divides but 100 does not, or that 400 divides.
#define EVERFORM_LEAP_YEAR \
  "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|[2468][048]|[3579][26])00)"
#define EVERFORM_DATE                                                  \
  "(?:[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|" \
  "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|" EVERFORM_LEAP_YEAR "-02-29)"
#define EVERFORM_TIME                                            \
  "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?" \
  "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
#define EVERFORM_LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,20}[A-Za-z0-9])?"
#define EVERFORM_HOST EVERFORM_LABEL "(?:\\." EVERFORM_LABEL "){0,5}"
#define EVERFORM_BYTE "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

constexpr std::pair<std::string_view, const char*> kFormats[] = {
    {"date", EVERFORM_DATE},
    {"time", EVERFORM_TIME},
    {"date-time", EVERFORM_DATE "T" EVERFORM_TIME},
    {"duration",
     "P(?:[0-9]{1,4}W|(?:[0-9]{1,4}Y)?[0-9]{1,4}M(?:[0-9]{1,4}D)?|[0-9]{1,4}D|"
     "T(?:[0-9]{1,4}H(?:[0-9]{1,4}M(?:[0-9]{1,4}S)?)?|[0-9]{1,4}M(?:[0-9]{1,4}S)?|[0-9]{1,4}S))"},
    {"uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
    {"email",
     "[A-Za-z0-9_+-]{1,32}(?:\\.[A-Za-z0-9_+-]{1,16}){0,2}@(?:" EVERFORM_LABEL "\\.){1,4}[A-Za-z]{2,10}"},
    {"hostname", EVERFORM_HOST},
    {"ipv4", EVERFORM_BYTE "(?:\\." EVERFORM_BYTE "){3}"},
    {"ipv6", "[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}"},
    {"uri", "https?://" EVERFORM_HOST "(?:/[A-Za-z0-9._~-]{0,64}){0,16}"},
};

#undef EVERFORM_LEAP_YEAR
#undef EVERFORM_DATE
#undef EVERFORM_TIME
#undef EVERFORM_LABEL
#undef EVERFORM_HOST
#undef EVERFORM_BYTE

}  // namespace

const char* format_regex(std::string_view name) {
  for (const auto& [known, regex] : kFormats) {
    if (known == name) {
      return regex;
    }
  }
  return nullptr;
}

std::string known_formats() {
  std::string names;
  for (const auto& [name, regex] : kFormats) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

}  // namespace everform::constraints
