// k-shot prompts: solved examples before the question.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "everform/domains/language/task.h"

namespace everform {

/// How a continuation is joined to its context: after a blank, unless the context ends with white space or
/// the continuation begins with some.
std::string join_continuation(std::string_view context, std::string_view continuation);

/// Indices of `shots` different items of the same task and kind that serve as examples for `item`, never the
/// item itself; a pure function of the seed and the item's index. Throws Error{kUsage} where the task has too
/// few items.
std::vector<std::size_t> choose_shots(const std::vector<TaskItem>& items, std::size_t item, std::size_t shots,
                                      std::uint64_t seed);

/// The examples with their right continuations, a blank line after each, then the item's context.
std::string build_prompt(const std::vector<TaskItem>& items, std::size_t item,
                         const std::vector<std::size_t>& shots);

}  // namespace everform
