#include "everform/cli/dispatch.h"

#include <utility>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr std::size_t kLargestRecipe = std::size_t{1} << 20;

[[noreturn]] void refuse_system(const ParsedCommand& command) {
  const SystemCard& card = *command.target.card;
  if (card.state == SystemCard::State::kPlanned) {
    throw Error(ErrorKind::kUsage, "everform " + command.verb->name + " " + card.name,
                "the system " + card.name + " is planned, it is not built yet",
                "everform list shows what works");
  }
  std::string verbs;
  for (const ActionSpec& action : card.actions) {
    verbs += (verbs.empty() ? "" : ", ") + action.verb;
  }
  throw Error(ErrorKind::kUsage, "everform " + command.verb->name + " " + card.name,
              "the system " + card.name + " has no such action", "it has: " + verbs);
}

// A verb with options for models can also serve a run folder whose system has no action of that name.
bool goes_to_system(const ParsedCommand& command) {
  if (!command.verb->dispatches_systems || command.target.card == nullptr) {
    return false;
  }
  return command.target.kind == Target::Kind::kSystem || command.action != nullptr;
}

std::function<ActionResult()> find_system_work(const ParsedCommand& command,
                                               const WorkbenchRuntime* workbench) {
  if (command.action == nullptr) {
    refuse_system(command);
  }
  ActionRequest request = make_request(command);
  Action action = command.action->run;
  if (!action) {
    if (workbench == nullptr) {
      return {};
    }
    const Action* bound = workbench->systems.find(request.card->name, request.verb);
    if (bound == nullptr) {
      throw Error(ErrorKind::kFailed, "everform " + request.verb + " " + request.card->name,
                  "the workbench program does not hold this action",
                  "build both programs from the same tree");
    }
    action = *bound;
  }
  return [action = std::move(action), request = std::move(request)] { return action(request); };
}

}  // namespace

ActionRequest make_request(const ParsedCommand& command) {
  const Invocation& invocation = command.invocation;
  ActionRequest request;
  request.card = command.target.card;
  request.verb = command.verb->name;
  request.common = invocation.common;
  request.files = invocation.files;
  request.options = invocation.options;
  const auto take_text = [&](const char* name) {
    std::string text = invocation.has(name) ? invocation.text(name) : std::string();
    request.options.erase(name);
    return text;
  };
  request.model = take_text("model");
  request.recipe_file = take_text("recipe");
  request.resume = invocation.flag("resume");
  request.quick = invocation.flag("quick");
  request.options.erase("resume");
  request.options.erase("quick");
  if (command.target.kind == Target::Kind::kRun) {
    request.model = command.target.path.string();
  }
  RecipeRequest recipe{.system = request.card->name,
                       .schema = &request.card->schema,
                       .built_in = request.card->recipe,
                       .preset = invocation.common.preset,
                       .sets = invocation.common.sets};
  std::string file = request.recipe_file;
  if (file.empty() && !request.model.empty() && request.verb != "train") {
    const auto run_recipe = std::filesystem::path(request.model) / "recipe.toml";
    std::error_code code;
    file = std::filesystem::exists(run_recipe, code) ? run_recipe.string() : "";
  }
  if (file.empty() && request.verb == "train" && request.resume && recipe.preset.empty()) {
    // A run goes on with its own recipe, whatever it was started with.
    const std::string& out = request.common.out;
    const auto run_recipe =
        (out.empty() ? std::filesystem::path("runs") / recipe.system : std::filesystem::path(out)) /
        "recipe.toml";
    std::error_code code;
    file = std::filesystem::exists(run_recipe, code) ? run_recipe.string() : "";
  }
  if (!file.empty()) {
    recipe.file_text = read_file(file, kLargestRecipe);
    recipe.file_name = file;
  }
  request.recipe = resolve_recipe(recipe);
  return request;
}

std::function<ActionResult()> find_work(const ParsedCommand& command, const WorkbenchRuntime* workbench) {
  if (goes_to_system(command)) {
    return find_system_work(command, workbench);
  }
  // Verbs that take no systems know better what their own target is.
  if (command.target.kind == Target::Kind::kMissing && command.verb->dispatches_systems) {
    unknown_target(command.verb->name, command.target.text);
  }
  std::function<ActionResult(const Invocation&)> verb = command.verb->run;
  if (!verb) {
    if (workbench == nullptr) {
      return {};
    }
    const auto found = workbench->verbs.find(command.verb->name);
    if (found == workbench->verbs.end()) {
      throw Error(ErrorKind::kUsage, "everform " + command.verb->name, "it needs a system's name as TARGET",
                  "example: " + command.verb->example);
    }
    verb = found->second;
  }
  return [verb = std::move(verb), &command] { return verb(command.invocation); };
}

}  // namespace everform
