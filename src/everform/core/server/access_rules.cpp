#include "everform/core/server/access_rules.h"

#include <algorithm>
#include <array>

namespace everform::server {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "[::1]:80" -> "::1", "Name:80" -> "name". Nothing where the rest is no port.
std::optional<std::string> host_name(std::string_view host) {
  std::string_view name = host;
  std::string_view rest;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) {
      return std::nullopt;
    }
    name = host.substr(1, close - 1);
    rest = host.substr(close + 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    rest = host.substr(colon);
  }
  const bool port = rest.empty() ||
                    (rest.front() == ':' && rest.size() <= 6 &&
                     std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
  return port && !name.empty() ? std::optional(lowered(name)) : std::nullopt;
}

}  // namespace

std::vector<std::string> parse_api_keys(const std::string& text, const std::string& where) {
  std::vector<std::string> keys;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const bool printable_key =
        std::all_of(line.begin(), line.end(), [](char c) { return c > 32 && c < 127; });
    if (line.size() < 8 || line.size() > 512 || !printable_key) {
      throw Error(ErrorKind::kBadInput, where,
                  "key " + std::to_string(keys.size() + 1) + " is not 8 to 512 printable ASCII characters");
    }
    keys.push_back(std::move(line));
  }
  if (keys.empty()) {
    throw Error(ErrorKind::kBadInput, where, "it holds no key", "write one key a line");
  }
  return keys;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

bool AccessControl::host_allowed(const HttpRequest& request, std::string_view host) const {
  const auto name = host_name(host);
  if (!name) {
    return false;
  }
  static constexpr std::array<std::string_view, 3> kLoopback = {"localhost", "127.0.0.1", "::1"};
  const auto is = [&](std::string_view allowed) { return lowered(allowed) == *name; };
  return std::any_of(kLoopback.begin(), kLoopback.end(), is) || is(request.local) ||
         std::any_of(rules_.hosts.begin(), rules_.hosts.end(), is);
}

bool AccessControl::is_foreign_origin_allowed(std::string_view origin) const {
  return std::any_of(rules_.origins.begin(), rules_.origins.end(),
                     [&](const std::string& allowed) { return lowered(allowed) == lowered(origin); });
}

std::optional<std::size_t> AccessControl::key_of(const HttpRequest& request) const {
  const std::string_view given = request.header("Authorization").value_or("");
  constexpr std::string_view kScheme = "bearer ";
  if (lowered(given.substr(0, kScheme.size())) != kScheme) {
    return std::nullopt;
  }
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < rules_.keys.size(); ++i) {
    if (equal_in_constant_time(given.substr(kScheme.size()), rules_.keys[i])) {
      found = i;
    }
  }
  return found;
}

std::optional<ApiError> AccessControl::refuse(const HttpRequest& request, bool needs_key) const {
  const auto hosts = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const Header& header) { return lowered(header.first) == "host"; });
  const std::string_view host = request.header("Host").value_or("");
  if (hosts != 1 || !host_allowed(request, host)) {
    return ApiError(403, "this server does not go by that Host; --allow-host adds one", "",
                    "host_not_allowed");
  }
  if (const auto origin = request.header("Origin")) {
    const std::string own = "http://" + lowered(host);
    if (lowered(*origin) != own && !is_foreign_origin_allowed(*origin)) {
      return ApiError(403, "pages of that Origin may not use this server; --allow-origin adds one", "",
                      "origin_not_allowed");
    }
  }
  if (needs_key && !rules_.keys.empty() && !key_of(request)) {
    return ApiError(401, "an API key is needed: Authorization: Bearer KEY", "", "invalid_api_key");
  }
  return std::nullopt;
}

std::string AccessControl::client_of(const HttpRequest& request) const {
  const auto key = key_of(request);
  return key ? "key " + std::to_string(*key) : request.client;
}

}  // namespace everform::server
