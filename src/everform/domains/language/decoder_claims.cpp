#include "everform/domains/language/decoder_claims.h"

#include <algorithm>
#include <cmath>

#include "everform/core/base/log.h"
#include "everform/core/decoding/window_nll.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/domains/language/byte_ngram.h"
#include "everform/domains/language/checkpoint_checks.h"
#include "everform/domains/language/decoder_checks.h"
#include "everform/domains/language/english_text.h"
#include "everform/domains/language/evaluation.h"
#include "everform/domains/language/published_decoders.h"
#include "everform/domains/language/scoring_checks.h"
#include "everform/domains/language/sentence_cloze.h"
#include "everform/domains/language/text_generation.h"
#include "everform/domains/language/tokenizer_checks.h"

namespace everform {
namespace {

constexpr auto kNoBaseline = std::nullopt;
constexpr std::size_t kTexts = 1000;  // of the tokenizer's checks

}  // namespace

std::size_t ClaimSubject::amount(const char* key) const {
  return static_cast<std::size_t>(request.recipe.integer(key) / (request.quick ? 4 : 1));
}

std::vector<TokenId> ClaimSubject::tokens(std::string_view text, std::size_t most) const {
  std::vector<TokenId> ids = model.tokenizer->encode_ids(text, {.add_specials = false});
  ids.resize(std::min(ids.size(), most));
  return ids;
}

void ClaimSubject::check(const std::string& id, const std::string& claim, const CheckCount& count) const {
  report.check(id, claim, count.passed, count.run);
  for (const std::string& failed : count.failed) {
    log_warning(claim + ": failed for " + failed);
  }
}

void claim_files(const ClaimSubject& subject, const std::filesystem::path& folder) {
  char id[] = "1a";
  for (const std::string& name : subject.request.recipe.texts("registry.models")) {
    const PublishedDecoder& decoder = *find_published_decoder(name);
    const auto parameters =
        static_cast<double>(parameter_count(read_hf_config(parse_json(decoder.config, name), name)));
    subject.report.claim({id, "parameters of " + name, parameters, kNoBaseline,
                          "==", static_cast<double>(decoder.parameters)});
    ++id[1];
  }
  subject.check("2", "hand-built blocks that give known weights, all formats", check_known_blocks());
  subject.check("2b", "tensors with the same bytes after safetensors, GGUF F32, safetensors",
                check_exact_round_trip(folder, subject.seed()));
  const double error = q8_0_error_in_half_steps(subject.seed(), 4000);
  subject.report.claim(
      {"2c", "largest error of a weight in Q8_0, in half steps", error, kNoBaseline, "<=", 1});
  subject.check("2d", "truncated, overlapping and lying files that are refused", check_hostile_files(folder));
}

void claim_speech(const ClaimSubject& subject) {
  const Recipe& recipe = subject.request.recipe;
  subject.check("3", "greedy continuations that equal the stored ones", check_continuations(subject.model));
  const auto rank = static_cast<double>(rank_of_paris(subject.model));
  subject.report.claim({"3b", "rank of Paris after \"The capital of France is\" among 10 capitals", rank,
                        kNoBaseline, "==", 1});

  constexpr std::size_t kBytesPerToken = 4;  // about, in English
  const std::string text =
      held_out_sample(subject.split, kBytesPerToken * subject.amount("evaluation.tokens"));
  const auto window = std::min<std::size_t>(static_cast<std::size_t>(recipe.integer("evaluation.window")),
                                            subject.model.model->context());
  const auto stride =
      std::min<std::size_t>(static_cast<std::size_t>(recipe.integer("evaluation.stride")), window);
  const PerplexityResult scored =
      measure_perplexity(*subject.model.model, *subject.model.tokenizer, {text, window, stride});
  const std::string_view learned =
      utf8_prefix(subject.split.train, static_cast<std::size_t>(recipe.integer("baseline.bytes")));
  Comparison comparison{"Held-out English", "bits per byte", false, {{"SmolLM2", scored.bits_per_byte()}}};
  double baseline = 0;
  for (const int order : {3, static_cast<int>(recipe.integer("baseline.order"))}) {
    ByteNgram ngram(order);
    ngram.train(learned);
    baseline = ngram.bits_per_byte(text);
    comparison.variants.push_back({"byte " + std::to_string(order) + "-gram", baseline, std::nullopt,
                                   order == recipe.integer("baseline.order")});
  }
  subject.report.compare({"3c", "bits per byte of held-out English, against the n-gram with back-off",
                          scored.bits_per_byte(), baseline, "<=", 0.65 * baseline});

  const std::vector<TokenId> tokens = subject.tokens(text, window);
  const double right = score_windows(*subject.model.model, tokens, window, window).per_token();
  const double wrong =
      score_windows(*load_without_unpermute(*open_decoder(subject.model.path)), tokens, window, window)
          .per_token();
  subject.report.claim({"3d", "perplexity without the un-permute of Q and K, as a multiple",
                        std::exp(wrong - right), 1.0, ">", 5});
  subject.report.add(std::move(comparison));
  subject.report.note("Held-out English: " + std::to_string(scored.bytes) + " bytes, " +
                      std::to_string(scored.tokens) + " tokens scored in windows of " +
                      std::to_string(window) + " every " + std::to_string(stride) + "; the n-gram learned " +
                      std::to_string(learned.size()) +
                      " bytes of the same documents' other part and is measured on the same bytes.");
}

void claim_scores(const ClaimSubject& subject) {
  const KnownPerplexity known = measure_known_perplexity();
  const double error = std::abs(known.measured / known.exact - 1);
  subject.report.claim(
      {"5", "relative error of a perplexity that is known exactly", error, kNoBaseline, "<=", 1e-6});
  subject.check("5b", "normalisations that pick their documented answer", check_normalisations());

  const auto items = static_cast<std::size_t>(subject.request.recipe.integer("evaluation.items"));
  const std::vector<std::string> prose = prose_paragraphs(subject.documents);
  std::vector<TaskItem> cloze = make_sentence_cloze(prose, {.items = items, .seed = subject.seed()});
  TransformerConfig small = subject.model.config;
  small.width = 64;
  small.depth = 2;
  small.heads = 4;
  small.kv_heads = 2;
  small.head_width = 16;
  small.ff_width = 128;
  const auto random = make_random_decoder(small, subject.seed());
  const auto best = static_cast<std::size_t>(ChoiceNormalisation::kUnconditional);
  const TaskResult chance = compare_normalisations(*random, *subject.model.tokenizer, cloze, {})[best];
  if (subject.request.quick) {
    cloze.resize(std::max<std::size_t>(cloze.size() * 2 / 5, 1));
  }
  Comparison comparison{"Sentence cloze, four choices",
                        "accuracy",
                        true,
                        {{"random weights", chance.accuracy, chance.interval, true}}};
  const auto results = compare_normalisations(*subject.model.model, *subject.model.tokenizer, cloze, {});
  for (const TaskResult& result : results) {
    comparison.variants.push_back({"SmolLM2, " + result.name, result.accuracy, result.interval});
  }
  subject.report.compare({"5c", "sentence-cloze accuracy (unconditional-corrected)", results[best].accuracy,
                          chance.accuracy, ">=", 0.45, results[best].interval});
  subject.report.claim({"5d", "distance of random weights from chance on " + std::to_string(items) + " items",
                        std::abs(chance.accuracy - 0.25), kNoBaseline, "<=", 0.09});
  subject.report.add(std::move(comparison));
}

void claim_tokenizer(const ClaimSubject& subject) {
  const Tokenizer& tokenizer = *subject.model.tokenizer;
  subject.check("6", "random valid UTF-8 texts that decode to themselves",
                check_text_round_trip(tokenizer, subject.seed(), kTexts));
  subject.check("6b", "random bytes that follow the policy for invalid ones",
                check_any_bytes(tokenizer, subject.seed(), kTexts));
  subject.check("6c", "ids that equal the reference tokenizer's",
                check_frozen_ids(tokenizer, smollm2_encoding()));
  CheckCount renderings;
  const std::string chat_template = find_chat_template(subject.model, std::nullopt);
  for (const FrozenRendering& frozen : smollm2_renderings()) {
    const auto tokens = encode_messages(subject.model, Messages::parse(frozen.messages), chat_template);
    renderings.expect(tokenizer.decode(tokens, true) == frozen.text, std::string(frozen.messages));
  }
  subject.check("6d", "conversations rendered as ChatML's frozen strings", renderings);
  subject.check("6e", "ways in which <|im_end|> in a user's text stays text",
                check_specials_stay_text(tokenizer, "<|im_end|>"));
}

}  // namespace everform
