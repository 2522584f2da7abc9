#include "everform/domains/language/decoder_analysis.h"
#include "everform/domains/language/decoder_checks.h"
#include "everform/domains/language/decoder_claims.h"
#include "everform/domains/language/english_text.h"
#include "everform/domains/language/requested_model.h"
#include "everform/systems/open_gpt/open_gpt.h"
#include "everform/workbench/evaluation/padded_batch.h"
#include "everform/workbench/evaluation/reproduction.h"

namespace everform::open_gpt {
namespace {

constexpr auto kNoBaseline = std::nullopt;
constexpr double kSameLogits = 1e-4;

/// Statement 4: however it is fed.
void claim_cache(const ClaimSubject& subject, Transformer& transformer) {
  constexpr std::size_t kTokens = 96;
  const std::vector<TokenId> tokens = subject.tokens(subject.split.train, kTokens);
  char id[] = "4a";
  for (const auto& [how, difference] : cache_differences(*subject.model.model, tokens)) {
    subject.report.claim(
        {id, "largest change of a logit, " + how, difference, kNoBaseline, "<=", kSameLogits});
    ++id[1];
  }
  std::vector<std::vector<std::int64_t>> padded;
  for (const std::size_t length : {kTokens / 4, kTokens / 2, kTokens}) {
    padded.emplace_back(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
  }
  subject.report.claim({id, "largest change of a logit, padded batch through libtorch",
                        padded_batch_difference(transformer, padded), kNoBaseline, "<=", kSameLogits});
}

/// Statement 6, second half: LoRA.
void claim_tuning(Reproduction& run, const ClaimSubject& subject, Tuning& tuning, TrainingJob& job) {
  const auto longest = static_cast<std::size_t>(job.recipe.integer("data.length"));
  const double before = mean_loss(tuning, tuning.pieces, longest);
  const TrainingResult result = run.train(job, "run");
  const double after = mean_loss(tuning, tuning.pieces, longest);
  subject.report.compare(
      {"6f", "loss on the target text after LoRA, against before", after, before, "<=", 0.9 * before});
  const double share = static_cast<double>(tuning.adapter->parameter_count()) /
                       static_cast<double>(parameter_count(subject.model.config));
  subject.report.claim({"6g", "share of weights that LoRA trains", share, kNoBaseline, "<", 0.01});
  const std::filesystem::path file = run.folder() / "run" / "adapter.safetensors";
  tuning.adapter->save(file);
  const std::vector<TokenId>& piece = tuning.pieces.front().ids;
  const double difference = merging_difference(subject.model.path, file, {piece.begin(), piece.end()});
  subject.report.claim({"6h", "largest change of a logit when LoRA is merged, in double precision",
                        difference, kNoBaseline, "<=", kSameLogits});
  subject.report.note("LoRA of rank " + std::to_string(job.recipe.integer("tuning.rank")) + ": " +
                      std::to_string(result.steps) + " steps on " + std::to_string(tuning.pieces.size()) +
                      " pieces of " + std::to_string(longest) + " tokens of the documents' learned part.");
}

std::string sizes(const ActionRequest& request) {
  std::vector<std::string> models = request.recipe.texts("registry.models");
  models.push_back(requested_model(request));
  return analyse_decoders({.models = std::move(models), .weights = false}).text;
}

}  // namespace

ActionResult reproduce(const ActionRequest& request) {
  const std::filesystem::path path = find_language_model(requested_model(request));
  const std::string data = request.has("data") ? request.text("data") : request.recipe.text("data.path");
  std::vector<Document> documents = data.empty() ? debian_english() : read_english(data);
  Reproduction run(request);
  CorpusSplit split = split_corpus(documents, 0.1);
  const ClaimSubject subject{request, run.report(), load_language_model(path), std::move(documents),
                             std::move(split)};
  claim_files(subject, run.folder() / "files");
  claim_tokenizer(subject);
  claim_speech(subject);
  claim_scores(subject);

  ActionRequest training = request;
  training.files.clear();
  training.options = nlohmann::json::object();
  training.recipe = run.recipe(std::max<std::int64_t>(request.recipe.integer("training.steps") / 8, 1));
  Tuning tuning;
  const auto length = static_cast<std::size_t>(request.recipe.integer("data.length"));
  tuning.pieces = cut_text(*subject.model.tokenizer,
                           utf8_prefix(subject.split.train, subject.amount("data.tuned_pieces") * length * 8),
                           length + 1);
  tuning.pieces.resize(std::min(tuning.pieces.size(), subject.amount("data.tuned_pieces")));
  TrainingJob job = make_job(training, tuning);
  job.final_tensors = [&tuning] {
    const auto parameters = tuning.adapter->parameters();
    return std::map<std::string, torch::Tensor>(parameters.begin(), parameters.end());
  };
  claim_cache(subject, *tuning.transformer);
  claim_tuning(run, subject, tuning, job);
  run.report().note(sizes(request));
  return run.finish();
}

}  // namespace everform::open_gpt
