#include "everform/domains/language/tuning_pieces.h"

#include <memory>
#include <utility>

#include "everform/domains/language/corpus.h"
#include "everform/domains/language/text_generation.h"

namespace everform {

std::vector<MaskedTokens> read_pieces(const std::filesystem::path& path, const LanguageModel& model,
                                      std::size_t length) {
  if (!path.string().ends_with(".jsonl")) {
    return cut_text(*model.tokenizer, read_text(path), length + 1);
  }
  std::vector<MaskedTokens> pieces;
  const std::string chat_template = find_chat_template(model, std::nullopt);
  for (const Conversation& conversation : read_conversations(path)) {
    pieces.push_back(mask_prompts(*model.tokenizer, chat_template, conversation));
  }
  return pieces;
}

SampleSupply piece_samples(std::vector<MaskedTokens> pieces, std::size_t longest, std::uint64_t seed) {
  std::uint64_t hash = 0;
  for (const MaskedTokens& piece : pieces) {
    hash = hash * 31 +
           fnv1a64({reinterpret_cast<const char*>(piece.ids.data()), piece.ids.size() * sizeof(TokenId)});
  }
  const auto size = static_cast<std::int64_t>(pieces.size());
  const auto kept = std::make_shared<const std::vector<MaskedTokens>>(std::move(pieces));
  return {.sample = [kept, longest](std::size_t index) { return next_token_sample((*kept)[index], longest); },
          .size = kept->size(),
          .identity = {{"pieces", size}, {"hash", hash}, {"seed", seed}}};
}

}  // namespace everform
