// `everform serve`: from its options to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "everform/core/server/api.h"
#include "everform/core/server/http_server.h"
#include "everform/core/server/served_model.h"

namespace everform::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  HttpLimits limits;
  ApiOptions api;
  std::chrono::milliseconds drain{3000};  ///< what requests in progress are given at the end
};

/// Listens, loads the model beside it, and serves until SIGTERM or SIGINT; then drains and returns. Throws
/// what `load` throws, and Error{kUsage} where an address that others reach is served without a key.
/// @param announce called with "http://HOST:PORT" once it listens
void run_server(const ServerOptions& options, const ModelLoader& load,
                const std::function<void(const std::string&)>& announce);

}  // namespace everform::server
