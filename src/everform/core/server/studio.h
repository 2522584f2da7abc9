// The studio: the page that the server shows to people, held in the program.
#pragma once

#include <optional>
#include <string_view>

#include "everform/core/server/http_message.h"

namespace everform::server {

/// The file of the studio that lies at `path` ("/" is the page itself); nothing where there is none.
std::optional<HttpResponse> studio_file(std::string_view path);

}  // namespace everform::server
