// Base64 (RFC 4648, section 4), as vocabulary files use it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace everform::text {

/// The bytes of a padded base64 text, nothing where it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace everform::text
