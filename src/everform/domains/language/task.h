// Tasks that a language model is asked to solve: choices to pick from, or answers to write.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

/// One question. It has either choices with the right one's index, or answers of which any is right.
struct TaskItem {
  std::string task;     ///< name of the task it belongs to
  std::string context;  ///< what the model reads first
  std::vector<std::string> choices;
  std::size_t gold = 0;
  std::vector<std::string> answers;

  bool has_choices() const { return !choices.empty(); }
  /// The right continuation: the gold choice, or the first answer.
  const std::string& right() const { return has_choices() ? choices[gold] : answers.front(); }
};

/// Reads JSON Lines, one object a line: {"context", "choices": [2 to 64 texts], "gold": index} or {"context",
/// "answers": [texts]}, and optionally "task", the name that it is reported under (default: `name`). Blank
/// lines are skipped. Throws Error{kBadInput} at NAME:LINE for anything else: an unknown key, an empty or
/// double choice, a gold index out of range, no item.
std::vector<TaskItem> parse_tasks(std::string_view jsonl, const std::string& name);
/// The name is the file's, without its extension.
std::vector<TaskItem> read_tasks(const std::filesystem::path& path);

/// The same items as JSON Lines.
std::string tasks_to_jsonl(const std::vector<TaskItem>& items);

}  // namespace everform
