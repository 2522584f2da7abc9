#include "everform/domains/language/tuning_pieces.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/domains/language/claim_recipe.h"
#include "everform/domains/language/published_decoders.h"
#include "everform/domains/language/requested_model.h"

namespace everform {
namespace {

TEST(TuningPieces, AreNextTokenSamplesWithTheTokensAsIdentity) {
  const std::vector<MaskedTokens> pieces = {{{1, 2, 3, 4}, {1, 1, 1, 1}}, {{5, 6, 7}, {0, 0, 1}}};
  const SampleSupply supply = piece_samples(pieces, 2, 9);
  EXPECT_FALSE(supply.draw);
  ASSERT_EQ(supply.size, 2U);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(supply.sample(0).arrays.at("tokens").values),
            (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(supply.identity.at("pieces"), 2);
  auto others = pieces;
  others[1].ids[0] = 8;
  EXPECT_NE(piece_samples(others, 2, 9).identity.at("hash"), supply.identity.at("hash"));
}

TEST(RequestedModel, IsTheNamedOneThenTheFileThenTheRecipes) {
  RecipeSchema schema;
  schema.text("model.name", "recipe's", "model");
  const SystemCard card{.name = "toy"};
  ActionRequest request;
  request.card = &card;
  request.recipe = resolve_recipe({.system = "toy", .schema = &schema});
  EXPECT_EQ(requested_model(request), "recipe's");
  request.files = {"file", "other"};
  EXPECT_EQ(requested_model(request), "file");
  request.model = "named";
  EXPECT_EQ(requested_model(request), "named");
  request.options = {{"to", "gguf"}};
  EXPECT_THROW(convert_requested_model(request), Error) << "there is no such model";
}

TEST(ClaimRecipe, ChecksThePublishedDecoders) {
  RecipeSchema schema;
  add_decoder_claim_keys(schema);
  const Recipe recipe = resolve_recipe({.system = "toy", .schema = &schema});
  EXPECT_EQ(recipe.texts("registry.models").size(), published_decoders().size());
  EXPECT_THROW(resolve_recipe({.system = "toy", .schema = &schema, .sets = {"registry.models=[\"gpt9\"]"}}),
               Error);
}

}  // namespace
}  // namespace everform
