// The target of a request: its path and query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace everform::server {

struct UrlTarget {
  std::string path;   ///< percent-decoded
  std::string query;  ///< as sent
};

/// Splits "/a%20b?c=d". Nothing where the target does not begin with "/", a percent sign is followed by no
/// byte, or the decoded path holds a control byte or is not UTF-8.
std::optional<UrlTarget> parse_target(std::string_view target);

/// The value of `name` in a query ("a=1&b=2"), percent-decoded; nothing where it is absent or badly encoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace everform::server
