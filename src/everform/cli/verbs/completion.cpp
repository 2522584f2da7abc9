// everform completion: a script that completes verbs, targets and options in the shell.

#include "everform/cli/all_verbs.h"
#include "everform/cli/command_line.h"
#include "everform/core/base/error.h"
#include "everform/core/io/bundled_models.h"

namespace everform {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

std::vector<std::string> targets_of(const Verb& verb) {
  std::vector<std::string> words;
  for (const SystemCard* card : all_cards()) {
    const bool fits = verb.dispatches_systems ? card->find_action(verb.name) != nullptr : verb.name == "show";
    if (fits) {
      words.push_back(card->name);
    }
  }
  if (verb.run || verb.name == "embed") {
    for (const BundledModel& model : bundled_models()) {
      words.push_back(model.name);
    }
  }
  return words;
}

std::string option_words(const std::vector<OptionSpec>& options) {
  std::vector<std::string> words;
  for (const OptionSpec& option : options) {
    words.push_back("--" + option.name);
  }
  return joined(words);
}

// One case per verb and, where a system brings options, one per verb and system.
std::string bash_script() {
  std::string verbs;
  std::string targets;
  std::string options;
  for (const Verb& verb : all_verbs()) {
    verbs += (verbs.empty() ? "" : " ") + verb.name;
    targets += "    " + verb.name + ") targets=\"" + joined(targets_of(verb)) + "\" ;;\n";
    if (verb.dispatches_systems) {
      for (const SystemCard* card : all_cards()) {
        if (const ActionSpec* action = card->find_action(verb.name)) {
          options += "    " + verb.name + ":" + card->name + ") options=\"" +
                     option_words(options_for(verb, card, action)) + "\" ;;\n";
        }
      }
    }
    options +=
        "    " + verb.name + ":*) options=\"" + option_words(options_for(verb, nullptr, nullptr)) + "\" ;;\n";
  }
  return "_everform() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} target=${COMP_WORDS[2]} targets= "
         "options=\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W \"" +
         verbs +
         " help\" -- \"$word\")); return; fi\n"
         "  case \"$verb\" in\n" +
         targets +
         "  esac\n"
         "  case \"$verb:$target\" in\n" +
         options +
         "  esac\n"
         "  case \"$word\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "       if [ \"$COMP_CWORD\" = 2 ]; then COMPREPLY+=($(compgen -W \"$targets\" -- \"$word\")); fi "
         ";;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _everform everform\n";
}

ActionResult run_completion(const Invocation& invocation) {
  const std::string shell = invocation.target.empty() ? "bash" : invocation.target;
  std::string script = bash_script();
  if (shell == "zsh") {
    script = "autoload -U +X bashcompinit && bashcompinit\n" + script;
  } else if (shell != "bash") {
    throw Error(ErrorKind::kUsage, "everform completion", "\"" + shell + "\" is no shell it knows",
                "bash or zsh");
  }
  return {.json = {{"shell", shell}, {"script", script}}, .text = script};
}

}  // namespace

Verb make_completion_verb() {
  return {.name = "completion",
          .help = "a completion script for the shell",
          .example = "source <(everform completion bash)",
          .target = Verb::Target::kOptional,
          .target_help = "bash (default) or zsh",
          .run = run_completion,
          .dispatches_systems = false,
          .uses_threads = false};
}

}  // namespace everform
