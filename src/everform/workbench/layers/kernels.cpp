#include "everform/workbench/layers/kernels.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <string_view>

namespace everform::kernels {

extern const Table kBaseTable;
#ifdef __x86_64__
extern const Table kAvx2Table;
extern const Table kAvx512Table;
extern const Table kAvx512bf16Table;
#endif

namespace {

std::atomic<const Table*> override_table = nullptr;

struct Runnable {
  std::array<const Table*, 4> tables{};
  std::size_t count = 0;
};

Runnable find_runnable() {
  Runnable out;
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0;
  if (avx512 && __builtin_cpu_supports("avx512bf16") != 0) {
    out.tables[out.count++] = &kAvx512bf16Table;
  }
  if (avx512) {
    out.tables[out.count++] = &kAvx512Table;
  }
  if (avx2) {
    out.tables[out.count++] = &kAvx2Table;
  }
#endif
  out.tables[out.count++] = &kBaseTable;
  return out;
}

const Runnable& runnable() {
  static const Runnable found = find_runnable();
  return found;
}

const Table& choose() {
  const Runnable& found = runnable();
  if (const char* wanted = std::getenv("EVERFORM_KERNELS")) {
    for (std::size_t i = 0; i < found.count; ++i) {
      if (std::string_view(wanted) == found.tables[i]->name) {
        return *found.tables[i];
      }
    }
  }
  return *found.tables[0];
}

constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

const Table& table() {
  const Table* const set = override_table.load(std::memory_order_relaxed);
  static const Table& chosen = choose();
  return set != nullptr ? *set : chosen;
}

std::span<const Table* const> runnable_tables() {
  return {runnable().tables.data(), runnable().count};
}

void use_table(const Table* table) {
  override_table.store(table, std::memory_order_relaxed);
}

std::size_t attention_scratch(const AttentionShape& shape) {
  constexpr std::int64_t kBlock = 64;
  const std::int64_t tokens = round_up(shape.tokens, kBlock);
  const std::int64_t width = round_up(shape.head_width, 16);
  // At most: 14 operands and gradients of a whole head, a block of scores against all keys, three rows, five
  // small small blocks.
  const std::int64_t words =
      14 * tokens * width + 2 * 16 * tokens + 4 * tokens + 5 * kBlock * kBlock + 16 * width;
  return static_cast<std::size_t>(words + 64 * 32) * sizeof(float);
}

}  // namespace everform::kernels
