// docs/systems.md is a promise to readers: its states are those of the cards.

#include <gtest/gtest.h>

#include <sstream>

#include "everform/cli/target.h"
#include "everform/core/base/atomic_file.h"

namespace everform {
namespace {

TEST(SystemsPage, HasARowWithTheRightStateForEverySystem) {
  const std::string page = read_file("docs/systems.md");
  for (const SystemCard* card : all_cards()) {
    const std::string begin =
        "| `" + card->name + "` | " + card->domain + " | " + state_name(card->state) + " | ";
    EXPECT_NE(page.find("\n" + begin), std::string::npos) << begin;
  }
}

}  // namespace
}  // namespace everform
