#include "everform/domains/functions/training_samples.h"

#include <limits>
#include <memory>

#include "everform/core/base/error.h"
#include "everform/domains/functions/task_recipe.h"

namespace everform::functions {

SampleSupply training_samples(const Recipe& recipe, std::uint64_t seed) {
  const std::string& path = recipe.text("data.path");
  SampleSupply supply{.purpose = "functions.train",
                      .identity = {{"task", recipe.to_json().at("task")}, {"data", path}, {"seed", seed}}};
  if (!path.empty()) {
    const auto table = make_sequences(recipe, std::numeric_limits<std::size_t>::max(), seed, "");
    supply.sample = [table](std::size_t index) { return encode_sequence(table[index]); };
    supply.size = table.size();
    return supply;
  }
  const std::shared_ptr<const TaskLaw> law = make_task_law(recipe.text("task.name"), sequence_shape(recipe));
  supply.draw = [law](RandomStream& random, std::int64_t /*item*/) {
    return encode_sequence(law->draw(random));
  };
  return supply;
}

void check_problem_fits(const Recipe& recipe, std::int64_t dimensions, std::int64_t rows,
                        const std::string& system) {
  const std::int64_t most = rows / 2;
  if (recipe.integer("task.points") > most || recipe.integer("task.n") != dimensions) {
    throw Error(ErrorKind::kUsage, "giving " + system + " its problems",
                "the network reads " + std::to_string(dimensions) + " coordinates and at most " +
                    std::to_string(most) + " examples",
                "give --n and --points within that, or train with another --set model.context=");
  }
}

}  // namespace everform::functions
