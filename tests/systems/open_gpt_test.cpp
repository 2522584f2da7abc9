#include "everform/systems/open_gpt/open_gpt.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/domains/language/checkpoint_checks.h"
#include "everform/workbench/models/libtorch_step_model.h"
#include "everform/workbench/models/weights_io.h"
#include "tests/support/shared_data.h"

namespace everform {

const SystemCard& open_gpt_card();
void bind_open_gpt(SystemRuntime& runtime);

namespace {

ActionRequest request(const std::string& verb, const std::vector<std::string>& sets = {}) {
  const SystemCard& card = open_gpt_card();
  ActionRequest made;
  made.card = &card;
  made.verb = verb;
  made.common.quiet = true;
  made.options = nlohmann::json::object();
  made.recipe = resolve_recipe(
      {.system = card.name, .schema = &card.schema, .built_in = card.recipe, .preset = "tiny", .sets = sets});
  return made;
}

/// A small random LLaMA as a Hugging Face folder (vocabulary of 64, context of 32).
std::string random_llama(const test::TemporaryFolder& folder) {
  set_quiet(true);
  check_exact_round_trip(folder.path(), 0);
  set_quiet(false);
  return (folder.path() / "first").string();
}

std::vector<MaskedTokens> some_pieces(std::size_t count) {
  std::vector<MaskedTokens> pieces(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < 17; ++j) {
      pieces[i].ids.push_back(static_cast<TokenId>((i * 5 + j * (i % 3 + 1)) % 64));
      pieces[i].learned.push_back(1);
    }
  }
  return pieces;
}

TEST(OpenGpt, EveryPresetResolves) {
  for (const std::string& preset : open_gpt_card().presets) {
    const SystemCard& card = open_gpt_card();
    const Recipe recipe = resolve_recipe(
        {.system = card.name, .schema = &card.schema, .built_in = card.recipe, .preset = preset});
    EXPECT_EQ(recipe.texts("registry.models").size(), 6U) << preset;
  }
}

TEST(OpenGpt, ConvertsBothWaysAndNeverOverItsSource) {
  const test::TemporaryFolder folder;
  ActionRequest convert = request("convert");
  convert.files = {random_llama(folder)};
  convert.options = {{"to", "gguf"}, {"type", "q8_0"}};
  convert.common.out = (folder.path() / "out.gguf").string();
  const auto& run = open_gpt_card().find_action("convert")->run;
  EXPECT_GT(run(convert).json.at("tensors"), 0);
  EXPECT_TRUE(std::filesystem::exists(convert.common.out));
  EXPECT_THROW(run(convert), Error);
  convert.common.yes = true;
  EXPECT_NO_THROW(run(convert));
  convert.files = {convert.common.out};
  EXPECT_THROW(run(convert), Error);
  convert.common.out = "";
  EXPECT_THROW(run(convert), Error);
}

TEST(OpenGpt, AnalysesPublishedDecodersWithoutWeights) {
  ActionRequest analyse = request("analyse");
  analyse.files = {"llama2-7b", "gpt2"};
  const ActionResult result = open_gpt_card().find_action("analyse")->run(analyse);
  EXPECT_EQ(result.json.at("models").at(0).at("parameters"), 6738415616);
  EXPECT_EQ(result.json.at("models").at(1).at("parameters"), 124439808);
}

/// A training of a small model on a few pieces of tokens, and the loss on them before and after.
struct Tuned {
  open_gpt::Tuning tuning;
  TrainingJob job;
  double before = 0;
  double after = 0;

  Tuned(const test::TemporaryFolder& folder, const std::string& kind) {
    at::set_num_threads(1);  // the model is small: threads would only wait for each other
    ActionRequest train_request = request(
        "train", {"tuning.kind=\"" + kind + "\"", "training.steps=8", "training.learning_rate=0.05",
                  "data.length=16", "tuning.prompt_tokens=4", "training.log_every=8", "training.warmup=0"});
    train_request.model = random_llama(folder);
    tuning.pieces = some_pieces(4);
    job = open_gpt::make_job(train_request, tuning);
    job.progress = false;
    before = open_gpt::mean_loss(tuning, tuning.pieces, 16);
    train(job, folder.path() / "run", false);
    after = open_gpt::mean_loss(tuning, tuning.pieces, 16);
  }
};

std::vector<float> logits_of(const StepModel& model, const std::vector<TokenId>& tokens) {
  std::vector<float> logits(tokens.size() * model.vocabulary());
  model.prefill_all(*model.new_sequence(), tokens, logits);
  return logits;
}

TEST(OpenGpt, EveryKindOfTuningLearns) {
  for (const char* kind : {"lora", "prompt", "full"}) {
    const test::TemporaryFolder folder;
    const Tuned tuned(folder, kind);
    EXPECT_LT(tuned.after, tuned.before) << kind;
    EXPECT_EQ(tuned.tuning.adapter == nullptr, std::string(kind) == "full");
  }
}

TEST(OpenGpt, ARunOfLoraIsAPlainDecoderWithItMerged) {
  const test::TemporaryFolder folder;
  const Tuned tuned(folder, "lora");
  const std::vector<TokenId>& tokens = tuned.tuning.pieces.front().ids;
  const std::vector<float> adapted = logits_of(LibtorchStepModel(tuned.tuning.transformer), tokens);
  const std::vector<float> merged =
      logits_of(LibtorchStepModel(load_transformer(folder.path() / "run")), tokens);
  const std::vector<float> base =
      logits_of(LibtorchStepModel(load_transformer(folder.path() / "first")), tokens);
  double from_merged = 0;
  double from_base = 0;
  for (std::size_t i = 0; i < adapted.size(); ++i) {
    from_merged =
        std::max(from_merged, std::abs(static_cast<double>(adapted[i]) - static_cast<double>(merged[i])));
    from_base = std::max(from_base, std::abs(static_cast<double>(adapted[i]) - static_cast<double>(base[i])));
  }
  EXPECT_LT(from_merged, 1e-3);
  EXPECT_GT(from_base, 0.1);
}

TEST(OpenGpt, SaysWhatIsMissing) {
  SystemRuntime runtime;
  bind_open_gpt(runtime);
  const auto kind_of = [&](const ActionRequest& made) {
    try {
      (*runtime.find("open-gpt", made.verb))(made);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kFailed;
  };
  ActionRequest made = request("reproduce");
  made.model = "no-such-model.gguf";
  EXPECT_EQ(kind_of(made), ErrorKind::kMissing);
  made = request("train");
  const test::TemporaryFolder folder;
  made.model = "no-such-model.gguf";
  made.common.out = (folder.path() / "run").string();
  EXPECT_EQ(kind_of(made), ErrorKind::kMissing);
  made.options = {{"lora", 4}, {"prompt-tokens", 4}};
  EXPECT_EQ(kind_of(made), ErrorKind::kUsage);
}

}  // namespace
}  // namespace everform
