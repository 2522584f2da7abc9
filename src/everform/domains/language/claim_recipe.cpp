#include "everform/domains/language/claim_recipe.h"

#include "everform/domains/language/published_decoders.h"

namespace everform {

void add_decoder_claim_keys(RecipeSchema& schema) {
  constexpr std::int64_t kMany = 1'000'000'000;
  std::vector<std::string> published;
  for (const PublishedDecoder& decoder : published_decoders()) {
    published.push_back(decoder.name);
  }
  schema.texts("registry.models", published, "published decoders whose sizes are checked", published)
      .integer("evaluation.tokens", 4000, "about how many tokens of held-out text reproduce scores", 64,
               kMany)
      .integer("evaluation.items", 100, "items of the sentence cloze", 10, 1'000'000)
      .integer("evaluation.window", 1024, "window of perplexity, in tokens", 2, kMany)
      .integer("evaluation.stride", 512, "stride of perplexity, in tokens", 1, kMany)
      .integer("baseline.order", 5, "n of the byte n-gram baseline", 1, 7)
      .integer("baseline.bytes", 1'000'000, "text that the baseline is trained on, in bytes", 1000, kMany);
}

}  // namespace everform
