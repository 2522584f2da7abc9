#include "everform/systems/card_file.h"

#include <gtest/gtest.h>

#include <string>

#include "everform/core/base/error.h"
#include "everform/systems/all_cards.h"

namespace everform {
namespace {

const std::string kHead =
    "name = \"x\"\ntitle = \"X\"\npaper = \"P\"\ndomain = \"d\"\nstate = \"works\"\nsummary = \"s\"\n"
    "presets = [\"tiny\"]\n";
const std::string kTrain = "[[actions]]\nverb = \"train\"\nhelp = \"h\"\nexample = \"everform train x\"\n";

TEST(CardFile, HoldsWhatACardSays) {
  SystemCard card = read_card(
      kHead + kTrain + "[[actions]]\nverb = \"convert\"\nhelp = \"c\"\nexample = \"e\"\nfiles = true\n", "r");
  EXPECT_EQ(card.name, "x");
  EXPECT_EQ(card.state, SystemCard::State::kWorks);
  EXPECT_EQ(card.recipe, "r");
  EXPECT_EQ(card.presets, std::vector<std::string>{"tiny"});
  ASSERT_EQ(card.actions.size(), 2U);
  EXPECT_EQ(card.actions[0].example, "everform train x");
  EXPECT_FALSE(card.actions[0].takes_files);
  EXPECT_TRUE(action_of(card, "convert").takes_files);
  EXPECT_FALSE(action_of(card, "convert").with_verb_options);
  EXPECT_THROW(action_of(card, "generate"), Error);
}

TEST(CardFile, WhatIsMissingIsNamed) {
  for (const auto& [text, named] :
       {std::pair<std::string, const char*>{"name = \"x\"\n" + kTrain, "title"},
        {kHead, "actions"},
        {kHead + "[[actions]]\nverb = \"train\"\n", "help"},
        {std::string(kHead).replace(kHead.find("works"), 5, "shiny") + kTrain, "shiny"}}) {
    try {
      read_card(text, "");
      ADD_FAILURE() << named;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find(named), std::string::npos) << error.what();
      EXPECT_EQ(error.where(), "reading the card.toml of x");
    }
  }
}

TEST(CardFile, EveryBuiltSystemHasExamplesThatNameIt) {
  for (const SystemCard* card : built_cards()) {
    for (const ActionSpec& action : card->actions) {
      EXPECT_EQ(action.example.find("everform " + action.verb + " " + card->name), 0U) << action.example;
    }
    for (const std::string& preset : card->presets) {
      EXPECT_NO_THROW(resolve_recipe(
          {.system = card->name, .schema = &card->schema, .built_in = card->recipe, .preset = preset}))
          << card->name << " " << preset;
    }
  }
}

}  // namespace
}  // namespace everform
