#include "everform/domains/language/prompt.h"

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"

namespace everform {

std::string join_continuation(std::string_view context, std::string_view continuation) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const bool joined = context.empty() || kBlanks.find(context.back()) != std::string_view::npos ||
                      (!continuation.empty() && kBlanks.find(continuation.front()) != std::string_view::npos);
  return (joined ? "" : " ") + std::string(continuation);
}

std::vector<std::size_t> choose_shots(const std::vector<TaskItem>& items, std::size_t item, std::size_t shots,
                                      std::uint64_t seed) {
  std::vector<std::size_t> pool;
  for (std::size_t i = 0; i < items.size() && shots > 0; ++i) {
    if (i != item && items[i].task == items[item].task &&
        items[i].has_choices() == items[item].has_choices()) {
      pool.push_back(i);
    }
  }
  if (pool.size() < shots) {
    throw Error(ErrorKind::kUsage, "choosing examples for the task " + items[item].task,
                std::to_string(shots) + " shots are asked for, but there are only " +
                    std::to_string(pool.size()) + " other items",
                "lower --shots");
  }
  RandomStream random(seed, "shots", 0, item);
  // The first `shots` places of a Fisher-Yates shuffle.
  for (std::size_t i = 0; i < shots; ++i) {
    std::swap(pool[i], pool[i + random.below(pool.size() - i)]);
  }
  pool.resize(shots);
  return pool;
}

std::string build_prompt(const std::vector<TaskItem>& items, std::size_t item,
                         const std::vector<std::size_t>& shots) {
  std::string prompt;
  for (const std::size_t shot : shots) {
    prompt += items[shot].context + join_continuation(items[shot].context, items[shot].right()) + "\n\n";
  }
  return prompt + items[item].context;
}

}  // namespace everform
