// The runs on disk, for the studio to show: read only, and nothing outside one folder.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace everform::server {

class RunsFolder {
 public:
  /// Throws Error{kMissing} where there is no such folder.
  explicit RunsFolder(const std::filesystem::path& folder);

  /// [{"name","modified"}]: folders at most three levels down that hold a metrics.jsonl, the latest first.
  nlohmann::ordered_json list() const;
  /// {"name","recipe","series":{"loss":[[step,value],...]}} of one of list(): every numeric figure whose name
  /// has "loss" in it, thinned to at most 1,000 points. Nothing where list() does not hold the name. Throws
  /// Error for metrics that cannot be read.
  std::optional<nlohmann::ordered_json> run(const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace everform::server
