#include "everform/domains/automata/step_data.h"

#include <algorithm>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/automata/state_table.h"

namespace everform {
namespace {

void check_count(std::int64_t count) {
  constexpr std::int64_t kMost = 1 << 24;
  if (count < 1 || count > kMost) {
    throw Error(ErrorKind::kUsage, "making grids", std::to_string(count) + " grids",
                "ask for 1 to " + std::to_string(kMost));
  }
}

}  // namespace

std::int64_t StepData::largest() const {
  const std::int64_t side = *std::max_element(widths.begin(), widths.end());
  return side * side;
}

Grid StepData::start(std::int64_t item, std::int64_t count, RandomStream& random) const {
  const std::int64_t side = widths[static_cast<std::size_t>(item) % widths.size()];
  return random_grid(side, side, order_parameter(order, item, count), random);
}

Grid StepData::fresh_start(std::int64_t item, std::int64_t batch, RandomStream& random) const {
  const std::int64_t side = widths[random.below(widths.size())];
  const double eta = order == OrderRange::kHigh
                         ? 0.5
                         : (static_cast<double>(item) + random.uniform()) / static_cast<double>(batch);
  return random_grid(side, side, eta, random);
}

Sample step_sample(const Grid& now, const Grid& next, const GridString& strings, bool answer_only) {
  const std::string text = strings.sample(now, next);
  const std::size_t targets = text.size() - 1;
  const auto first =
      answer_only ? static_cast<std::size_t>(strings.prompt_bytes(now.cells())) - 1 : std::size_t{0};
  std::vector<std::int64_t> bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  std::vector<std::uint8_t> mask(targets, 0);
  std::fill(mask.begin() + static_cast<std::ptrdiff_t>(first), mask.end(), std::uint8_t{1});
  const auto length = static_cast<std::int64_t>(targets);
  Sample sample;
  sample.arrays["tokens"] = {
      {length}, std::vector(bytes.begin(), bytes.end() - 1), Collate::kPad, GridString::kPad};
  sample.arrays["targets"] = {
      {length}, std::vector(bytes.begin() + 1, bytes.end()), Collate::kPad, GridString::kPad};
  sample.arrays["mask"] = {{length}, std::move(mask), Collate::kPad, 0.0};
  return sample;
}

HeldOutSteps HeldOutSteps::repeated(int times) const {
  HeldOutSteps all;
  for (int i = 0; i < times; ++i) {
    all.now.insert(all.now.end(), now.begin(), now.end());
    all.next.insert(all.next.end(), next.begin(), next.end());
  }
  return all;
}

HeldOutSteps held_out_steps(const StepData& data, std::int64_t count, std::uint64_t seed,
                            std::string_view purpose) {
  check_count(count);
  HeldOutSteps steps;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random(seed, purpose, 0, static_cast<std::uint64_t>(i));
    steps.now.push_back(data.start(i, count, random));
    steps.next.push_back(data.next(steps.now.back()));
  }
  return steps;
}

HeldOutSteps held_out_steps(const StepData& data, std::int64_t width, double order, std::int64_t count,
                            std::uint64_t seed, std::string_view purpose) {
  check_count(count);
  HeldOutSteps steps;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random(seed, purpose, 0, static_cast<std::uint64_t>(i));
    steps.now.push_back(random_grid(width, width, order, random));
    steps.next.push_back(data.next(steps.now.back()));
  }
  return steps;
}

HeldOutSteps steps_of_table(const std::filesystem::path& path) {
  HeldOutSteps steps;
  for (const std::vector<Grid>& run : read_state_table(read_file(path), path.string()).runs) {
    if (run.size() < 2) {
      throw Error(ErrorKind::kBadInput, "reading " + path.string(),
                  "a table with one state a row holds no step", "it needs the columns State 1 and State 2");
    }
    steps.now.push_back(run[0]);
    steps.next.push_back(run[1]);
  }
  return steps;
}

}  // namespace everform
