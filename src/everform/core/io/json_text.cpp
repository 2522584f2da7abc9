#include "everform/core/io/json_text.h"

#include <set>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"

namespace everform {

namespace {

using Json = nlohmann::json;

/// Watches the parser's events for what a plain parse lets pass.
class Watcher {
 public:
  Watcher(const std::string& where, int depth) : where_(where), depth_(depth) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > depth_) {
      throw Error(ErrorKind::kBadInput, where_,
                  "it is nested deeper than " + std::to_string(depth_) + " levels");
    }
    if (event == Json::parse_event_t::object_start) {
      keys_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys_.pop_back();
    } else if (event == Json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      throw Error(ErrorKind::kBadInput, where_,
                  "the key \"" + printable(parsed.get<std::string>()) + "\" occurs twice in an object");
    }
    return true;
  }

 private:
  const std::string& where_;
  int depth_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& where, int depth) {
  Watcher watcher(where, depth);
  try {
    return Json::parse(text.begin(), text.end(), std::ref(watcher));
  } catch (const Json::exception& error) {
    const std::string reason = error.what();
    const std::size_t start = reason.find("] ");
    throw Error(
        ErrorKind::kBadInput, where,
        "it is not valid JSON: " + printable(start == std::string::npos ? reason : reason.substr(start + 2)));
  }
}

nlohmann::json read_json_file(const std::filesystem::path& path, std::size_t limit) {
  return parse_json(read_file(path, limit), "reading " + path.string());
}

std::string json_to_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace everform
