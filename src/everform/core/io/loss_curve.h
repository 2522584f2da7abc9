// The loss curve of a training, from the rows of its metrics.jsonl.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace everform {

/// Rows of a metrics.jsonl: one JSON object a line, each with an integer "step". A last line without its
/// newline that is no whole object is left out: a running or killed training ends like that. Throws
/// Error{kMissing} where the file is absent and Error{kBadInput} naming file and line otherwise.
std::vector<nlohmann::json> read_metrics(const std::filesystem::path& file);

/// SVG of every figure whose name has "loss" in it against "step". Long noisy curves are drawn faintly under
/// their running mean; the axis is logarithmic where losses are positive and span more than a factor of 20.
std::string loss_curve_svg(const std::vector<nlohmann::json>& rows, const std::string& title);

/// Both together, written atomically.
void write_loss_curve(const std::filesystem::path& metrics, const std::filesystem::path& svg,
                      const std::string& title);

}  // namespace everform
