#include "everform/core/server/studio.h"

namespace everform {

extern const std::string_view kStudioPage;
extern const std::string_view kStudioStyle;
extern const std::string_view kStudioScript;
extern const std::string_view kStudioCurves;

namespace server {

std::optional<HttpResponse> studio_file(std::string_view path) {
  struct File {
    std::string_view path;
    const char* type;
    const std::string_view& text;
  };
  static const File kFiles[] = {
      {"/", "text/html; charset=utf-8", kStudioPage},
      {"/studio/studio.css", "text/css; charset=utf-8", kStudioStyle},
      {"/studio/studio.js", "text/javascript; charset=utf-8", kStudioScript},
      {"/studio/curves.js", "text/javascript; charset=utf-8", kStudioCurves},
  };
  for (const File& file : kFiles) {
    if (file.path == path) {
      // Nothing from elsewhere, nothing inline, and in no other page's frame.
      return HttpResponse{.content_type = file.type,
                          .body = std::string(file.text),
                          .headers = {{"Content-Security-Policy",
                                       "default-src 'none'; script-src 'self'; style-src 'self'; "
                                       "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
                                       "form-action 'none'; frame-ancestors 'none'"},
                                      {"Referrer-Policy", "no-referrer"},
                                      {"Cache-Control", "no-cache"}}};
    }
  }
  return std::nullopt;
}

}  // namespace server
}  // namespace everform
