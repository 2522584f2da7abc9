// Options of a system's actions, a line each in its card.
#pragma once

#include <string>
#include <utility>

#include "everform/core/recipes/system_card.h"

namespace everform {

/// --name VALUE. @param value_name stands for the value in the help @param otherwise the value where it is
/// not given; null: none
inline OptionSpec option(std::string name, OptionSpec::Type type, std::string value_name, std::string help,
                         nlohmann::json otherwise = nullptr) {
  return {.name = std::move(name),
          .type = type,
          .value_name = std::move(value_name),
          .help = std::move(help),
          .default_value = std::move(otherwise)};
}

/// --name, given or not.
inline OptionSpec flag_option(std::string name, std::string help) {
  return option(std::move(name), OptionSpec::Type::kFlag, "", std::move(help));
}

}  // namespace everform
