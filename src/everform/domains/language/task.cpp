#include "everform/domains/language/task.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/domains/language/corpus.h"

namespace everform {
namespace {

constexpr std::size_t kMostChoices = 64;
constexpr const char* kForm =
    R"(write {"context": "...", "choices": ["...", "..."], "gold": 0} or {"context": "...", "answers": ["..."]})";

/// Reads one line; every fault names it.
class ItemReader {
 public:
  ItemReader(const std::string& name, std::size_t line) : name_(name), line_(line) {}

  TaskItem read(std::string_view text) const {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) {
      fail("this line is no JSON object");
    }
    check_keys(json);
    TaskItem item;
    item.task = json.contains("task") ? text_of(json, "task") : name_;
    item.context = text_of(json, "context");
    if (json.contains("choices") == json.contains("answers")) {
      fail("an item has either choices or answers");
    }
    if (json.contains("answers")) {
      item.answers = texts_of(json, "answers", 1);
      return item;
    }
    item.choices = texts_of(json, "choices", 2);
    item.gold = gold_of(json, item.choices.size());
    std::vector<std::string> sorted = item.choices;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
      fail("the choice \"" + printable(*twice, 60) + "\" is there twice");
    }
    return item;
  }

  /// Accuracies of choices and of written answers cannot be averaged, so a task is one or the other.
  void check_kind(const TaskItem& item, std::map<std::string, bool>& has_choices) const {
    if (has_choices.emplace(item.task, item.has_choices()).first->second != item.has_choices()) {
      fail("the task \"" + printable(item.task, 60) + "\" has choices in some items and answers in others");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::kBadInput, "reading tasks, " + name_ + ":" + std::to_string(line_), message,
                kForm);
  }

  void check_keys(const nlohmann::json& json) const {
    const std::vector<std::string> known = {"task", "context", "choices", "gold", "answers"};
    for (const auto& [key, value] : json.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        fail("unknown key \"" + printable(key, 60) + "\", " + suggestion(key, known));
      }
    }
  }

  std::string text_of(const nlohmann::json& json, const char* key) const {
    if (!json.contains(key) || !json.at(key).is_string()) {
      fail(std::string("\"") + key + "\" must be a text");
    }
    return json.at(key).get<std::string>();
  }

  std::vector<std::string> texts_of(const nlohmann::json& json, const char* key, std::size_t least) const {
    const nlohmann::json& list = json.at(key);
    if (!list.is_array() || list.size() < least || list.size() > kMostChoices) {
      fail(std::string("\"") + key + "\" must be a list of " + std::to_string(least) + " to " +
           std::to_string(kMostChoices) + " texts");
    }
    std::vector<std::string> texts;
    for (const nlohmann::json& entry : list) {
      if (!entry.is_string() || entry.get_ref<const std::string&>().empty()) {
        fail(std::string("every entry of \"") + key + "\" must be a text that is not empty");
      }
      texts.push_back(entry.get<std::string>());
    }
    return texts;
  }

  std::size_t gold_of(const nlohmann::json& json, std::size_t choices) const {
    if (!json.contains("gold") || !json.at("gold").is_number_integer()) {
      fail("\"gold\" must be the index of the right choice, from 0");
    }
    // An unsigned value beyond int64 would come out negative, and is refused with the rest.
    const auto gold = json.at("gold").get<std::int64_t>();
    if (gold < 0 || gold >= static_cast<std::int64_t>(choices)) {
      fail("\"gold\" is " + json.at("gold").dump() + ", but there are " + std::to_string(choices) +
           " choices, counted from 0");
    }
    return static_cast<std::size_t>(gold);
  }

  const std::string& name_;
  std::size_t line_;
};

}  // namespace

std::vector<TaskItem> parse_tasks(std::string_view jsonl, const std::string& name) {
  std::vector<TaskItem> items;
  std::map<std::string, bool> has_choices;  // of each task
  std::size_t line = 0;
  while (!jsonl.empty()) {
    ++line;
    const std::size_t end = std::min(jsonl.find('\n'), jsonl.size());
    const std::string_view text = jsonl.substr(0, end);
    jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      const ItemReader reader(name, line);
      items.push_back(reader.read(text));
      reader.check_kind(items.back(), has_choices);
    }
  }
  if (items.empty()) {
    throw Error(ErrorKind::kBadInput, "reading tasks from " + name, "there is no item in it", kForm);
  }
  return items;
}

std::vector<TaskItem> read_tasks(const std::filesystem::path& path) {
  return parse_tasks(read_text(path), path.stem().string());
}

std::string tasks_to_jsonl(const std::vector<TaskItem>& items) {
  std::string text;
  for (const TaskItem& item : items) {
    nlohmann::json json = {{"task", item.task}, {"context", item.context}};
    if (item.has_choices()) {
      json["choices"] = item.choices;
      json["gold"] = item.gold;
    } else {
      json["answers"] = item.answers;
    }
    text += json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace everform
