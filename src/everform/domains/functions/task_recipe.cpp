#include "everform/domains/functions/task_recipe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/functions/boolean_table.h"

namespace everform::functions {

namespace {

constexpr std::int64_t kMostPoints = 100'000;

std::vector<LabelledSequence> read_table_sequences(const Recipe& recipe, std::size_t count) {
  const std::string& path = recipe.text("data.path");
  const SequenceShape shape = sequence_shape(recipe);
  std::vector<LabelledSequence> sequences = read_sequences(path, shape.points);
  const int found = sequences.front().dimensions;
  if (found != shape.dimensions) {
    throw Error(ErrorKind::kUsage, "reading " + path,
                "it has " + std::to_string(found) + " columns beside the label, not " +
                    std::to_string(shape.dimensions) + " as task.n says",
                "give --n " + std::to_string(found));
  }
  sequences.resize(std::min(count, sequences.size()));
  return sequences;
}

}  // namespace

void add_task_keys(RecipeSchema& schema) {
  schema.text("task.name", "conjunction", "law of the hidden functions", task_names())
      .integer("task.n", 10, "coordinates of a point", 1, kMostDimensions)
      .integer("task.points", 30, "examples in a sequence", 1, kMostPoints)
      .integer("task.drawn_labels", 10, "labels that nearest-neighbour draws before it copies", 1,
               kMostPoints)
      .text("data.path", "",
            "CSV or ARFF table of 0/1 columns in place of the task; the last one is the label");
}

std::vector<OptionSpec> with_task_options(std::vector<OptionSpec> more) {
  std::vector<OptionSpec> options = {
      {.name = "task", .value_name = "NAME", .help = "law of the hidden functions", .choices = task_names()},
      {.name = "n", .type = OptionSpec::Type::kInteger, .value_name = "N", .help = "coordinates of a point"},
      {.name = "points",
       .type = OptionSpec::Type::kInteger,
       .value_name = "P",
       .help = "examples in a sequence"},
      {.name = "data",
       .type = OptionSpec::Type::kPath,
       .value_name = "FILE",
       .help = "CSV or ARFF table of 0/1 columns in place of a task"}};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

Recipe recipe_with_task(const ActionRequest& request, Recipe recipe) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kKeys = {
      {{"task", "task.name"}, {"n", "task.n"}, {"points", "task.points"}, {"data", "data.path"}}};
  for (const auto& [option, key] : kKeys) {
    if (request.has(option)) {
      recipe.set(key, request.options.at(option));
    }
  }
  return recipe;
}

SequenceShape sequence_shape(const Recipe& recipe) {
  return {.dimensions = static_cast<int>(recipe.integer("task.n")),
          .points = static_cast<int>(recipe.integer("task.points")),
          .drawn_labels = static_cast<int>(recipe.integer("task.drawn_labels"))};
}

std::vector<LabelledSequence> make_sequences(const Recipe& recipe, std::size_t count, std::uint64_t seed,
                                             std::string_view purpose) {
  if (!recipe.text("data.path").empty()) {
    return read_table_sequences(recipe, count);
  }
  const auto law = make_task_law(recipe.text("task.name"), sequence_shape(recipe));
  std::vector<LabelledSequence> sequences;
  for (std::size_t i = 0; i < count; ++i) {
    RandomStream random(seed, purpose, 0, i);
    sequences.push_back(law->draw(random));
  }
  return sequences;
}

ActionResult generate_sequences(const ActionRequest& request) {
  constexpr std::int64_t kMost = 10'000'000;
  const std::int64_t count = request.integer("count");
  if (count < 1 || count > kMost) {
    throw Error(ErrorKind::kUsage, "reading --count", std::to_string(count) + " is not in 1 to 10000000");
  }
  const auto sequences =
      make_sequences(recipe_with_task(request, request.recipe), static_cast<std::size_t>(count),
                     request.common.seed, "functions.generate");
  const std::string table = sequences_csv(sequences);
  ActionResult result{.json = {{"outputs", nlohmann::json::array()}, {"count", sequences.size()}},
                      .text = table};
  if (request.common.out.empty()) {
    result.json["table"] = table;
  } else {
    write_file(request.common.out, table);
    result.json["outputs"].push_back(request.common.out);
    result.text = std::to_string(sequences.size()) + " sequences: " + request.common.out + "\n";
  }
  return result;
}

}  // namespace everform::functions
