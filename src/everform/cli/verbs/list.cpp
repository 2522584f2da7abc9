// everform list: systems, representations, samplers, bundled models.

#include <algorithm>
#include <span>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/io/bundled_models.h"

namespace everform {
namespace {

struct Part {
  const char* name;
  const char* what;
};

constexpr Part kRepresentations[] = {
    {"bpe", "byte-level byte-pair encoding"},
    {"unigram", "unigram language model over sub-words"},
    {"wordpiece", "greedy longest sub-words"},
    {"sentencepiece", "SentencePiece models"},
    {"characters", "one token a character"},
    {"grid-string", "two generations of a cellular automaton as one string"},
    {"function-sequence", "labelled examples of a function as vectors"},
};

constexpr Part kSamplers[] = {
    {"greedy", "the likeliest token"},
    {"temperature", "softmax at a temperature"},
    {"top-k", "the k likeliest tokens"},
    {"top-p", "the smallest set of mass p"},
    {"min-p", "tokens above a share of the likeliest"},
    {"typical", "tokens of typical information"},
    {"beam", "beam search"},
    {"choice", "the likeliest of given continuations"},
};

nlohmann::json parts_json(std::span<const Part> parts) {
  nlohmann::json json = nlohmann::json::array();
  for (const Part& part : parts) {
    json.push_back({{"name", part.name}, {"what", part.what}});
  }
  return json;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

std::string parts_text(const char* title, std::span<const Part> parts) {
  std::string text = std::string("\n") + title + "\n";
  for (const Part& part : parts) {
    text += "  " + padded(part.name, 24) + part.what + "\n";
  }
  return text;
}

ActionResult run_list(const Invocation& invocation) {
  ActionResult result;
  nlohmann::json systems = nlohmann::json::array();
  std::string planned;
  std::string built = "systems\n";
  int planned_count = 0;
  for (const SystemCard* card : all_cards()) {
    systems.push_back({{"name", card->name},
                       {"title", card->title},
                       {"paper", card->paper},
                       {"domain", card->domain},
                       {"state", state_name(card->state)}});
    const std::string row = "  " + padded(card->name, 24) + padded(state_name(card->state), 9) +
                            padded(card->domain, 12) + card->title + "\n";
    if (card->state == SystemCard::State::kPlanned) {
      planned += row;
      ++planned_count;
    } else {
      built += row;
    }
  }
  nlohmann::json models = nlohmann::json::array();
  std::string models_text = "\nbundled models\n";
  for (const BundledModel& model : bundled_models()) {
    models.push_back({{"name", model.name}, {"title", model.title}, {"kind", model.kind}});
    models_text += "  " + padded(model.name, 24) + padded(model.kind, 9) + model.title + "\n";
  }
  result.json = {{"systems", systems},
                 {"representations", parts_json(kRepresentations)},
                 {"samplers", parts_json(kSamplers)},
                 {"models", models}};
  result.text = built + models_text + parts_text("representations", kRepresentations) +
                parts_text("samplers", kSamplers);
  if (invocation.flag("all")) {
    result.text += "\nplanned systems\n" + planned;
  } else {
    result.text += "\n" + std::to_string(planned_count) + " more systems are planned: everform list --all\n";
  }
  return result;
}

}  // namespace

Verb make_list_verb() {
  return {.name = "list",
          .help = "systems, representations, samplers and bundled models",
          .example = "everform list",
          .target = Verb::Target::kNone,
          .options = {{.name = "all", .type = OptionSpec::Type::kFlag, .help = "planned systems too"}},
          .run = run_list,
          .dispatches_systems = false,
          .uses_threads = false};
}

}  // namespace everform
