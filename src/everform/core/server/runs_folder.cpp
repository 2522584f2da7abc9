#include "everform/core/server/runs_folder.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/loss_curve.h"

namespace everform::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kDeepest = 3;
constexpr std::size_t kMostRuns = 500;
constexpr std::size_t kMostPoints = 1000;
constexpr std::uintmax_t kLargestMetrics = std::uintmax_t{64} << 20;

struct Found {
  std::string name;
  fs::file_time_type modified;
};

// Links are not followed: a run lies below the folder itself.
std::vector<Found> find_runs(const fs::path& folder) {
  std::vector<Found> runs;
  std::error_code code;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, code);
  for (; !code && entries != fs::recursive_directory_iterator() && runs.size() < kMostRuns;
       entries.increment(code)) {
    if (entries.depth() > kDeepest) {
      entries.disable_recursion_pending();
      continue;
    }
    const fs::path& path = entries->path();
    if (path.filename() == "metrics.jsonl" &&
        entries->symlink_status(code).type() == fs::file_type::regular) {
      runs.push_back(
          {path.parent_path().lexically_relative(folder).string(), entries->last_write_time(code)});
    }
  }
  std::sort(runs.begin(), runs.end(), [](const Found& a, const Found& b) { return a.modified > b.modified; });
  return runs;
}

std::int64_t seconds_since_1970(fs::file_time_type time) {
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

// Means of equal stretches: a curve of many points keeps its shape.
Json thinned(const std::vector<std::pair<double, double>>& points) {
  const std::size_t stretch = (points.size() + kMostPoints - 1) / kMostPoints;
  Json out = Json::array();
  for (std::size_t i = 0; i < points.size(); i += stretch) {
    const std::size_t count = std::min(stretch, points.size() - i);
    double x = 0;
    double y = 0;
    for (std::size_t k = i; k < i + count; ++k) {
      x += points[k].first;
      y += points[k].second;
    }
    out.push_back({x / static_cast<double>(count), y / static_cast<double>(count)});
  }
  return out;
}

}  // namespace

RunsFolder::RunsFolder(const fs::path& folder) {
  std::error_code code;
  folder_ = fs::canonical(folder, code);
  if (code || !fs::is_directory(folder_, code)) {
    throw Error(ErrorKind::kMissing, "reading --runs", folder.string() + " is no folder",
                "name the folder that holds the runs");
  }
}

Json RunsFolder::list() const {
  Json runs = Json::array();
  for (const Found& run : find_runs(folder_)) {
    runs.push_back({{"name", run.name}, {"modified", seconds_since_1970(run.modified)}});
  }
  return runs;
}

std::optional<Json> RunsFolder::run(const std::string& name) const {
  const std::vector<Found> runs = find_runs(folder_);
  const bool known =
      std::any_of(runs.begin(), runs.end(), [&](const Found& run) { return run.name == name; });
  if (!known) {
    return std::nullopt;
  }
  const fs::path path = folder_ / name;
  std::error_code code;
  if (fs::file_size(path / "metrics.jsonl", code) > kLargestMetrics || code) {
    throw Error(ErrorKind::kBadInput, "reading " + name + "/metrics.jsonl", "it is larger than 64 MiB");
  }
  std::map<std::string, std::vector<std::pair<double, double>>> series;
  for (const nlohmann::json& row : read_metrics(path / "metrics.jsonl")) {
    for (const auto& [key, value] : row.items()) {
      if (key.find("loss") != std::string::npos && value.is_number()) {
        series[key].emplace_back(row.at("step").get<double>(), value.get<double>());
      }
    }
  }
  Json curves = Json::object();
  for (const auto& [key, points] : series) {
    curves[key] = thinned(points);
  }
  const bool has_recipe = fs::symlink_status(path / "recipe.toml", code).type() == fs::file_type::regular;
  return Json{{"name", name},
              {"recipe", has_recipe ? read_file(path / "recipe.toml", std::size_t{1} << 20) : std::string()},
              {"series", std::move(curves)}};
}

}  // namespace everform::server
