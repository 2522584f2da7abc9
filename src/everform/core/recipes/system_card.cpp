#include "everform/core/recipes/system_card.h"

namespace everform {

const ActionSpec* SystemCard::find_action(std::string_view verb) const {
  for (const ActionSpec& action : actions) {
    if (action.verb == verb) {
      return &action;
    }
  }
  return nullptr;
}

const char* state_name(SystemCard::State state) {
  switch (state) {
    case SystemCard::State::kWorks:
      return "works";
    case SystemCard::State::kPartial:
      return "partial";
    case SystemCard::State::kPlanned:
      return "planned";
  }
  return "planned";
}

}  // namespace everform
