// Who may ask: the Host and Origin of a request, and its API key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/server/api_error.h"
#include "everform/core/server/http_message.h"

namespace everform::server {

struct AccessRules {
  std::vector<std::string> hosts;    ///< names allowed beside the loopback's and the address reached
  std::vector<std::string> origins;  ///< allowed beside the page that the server itself serves
  std::vector<std::string> keys;     ///< empty: none is asked for
};

/// Keys of a file, one a line; blank lines and lines that begin with # are skipped. Throws Error{kBadInput}
/// where there is none, or one is shorter than 8 or longer than 512 printable ASCII characters.
std::vector<std::string> parse_api_keys(const std::string& text, const std::string& where);

/// Equal, in a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

class AccessControl {
 public:
  explicit AccessControl(AccessRules rules) : rules_(std::move(rules)) {}

  /// The Host must be one that this server goes by, or a page anywhere could reach it through a name of its
  /// own (DNS rebinding); an Origin must be this server's page or an allowed one. 403 otherwise, 401 for
  /// a missing or wrong key where `needs_key`.
  std::optional<ApiError> refuse(const HttpRequest& request, bool needs_key) const;
  /// Whether a page of this origin may read answers; the server's own needs no leave.
  bool is_foreign_origin_allowed(std::string_view origin) const;
  /// A name for whoever sent the request, for fair queueing: its key, else its address.
  std::string client_of(const HttpRequest& request) const;

 private:
  bool host_allowed(const HttpRequest& request, std::string_view host) const;
  std::optional<std::size_t> key_of(const HttpRequest& request) const;

  AccessRules rules_;
};

}  // namespace everform::server
