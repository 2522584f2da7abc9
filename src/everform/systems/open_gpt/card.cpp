#include "everform/core/base/error.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/domains/language/decoder_analysis.h"
#include "everform/domains/language/published_decoders.h"
#include "everform/systems/open_gpt/settings.h"

namespace everform {

extern const std::string_view open_gpt_recipe_toml;

namespace {

using Type = OptionSpec::Type;

RecipeSchema recipe_schema() {
  constexpr std::int64_t kMany = 1'000'000'000;
  std::vector<std::string> published;
  for (const PublishedDecoder& decoder : published_decoders()) {
    published.push_back(decoder.name);
  }
  RecipeSchema schema;
  schema.text("model.name", "smollm2-135m-instruct", "bundled model, GGUF file or Hugging Face folder")
      .texts("registry.models", published, "published decoders whose sizes are checked", published)
      .text("data.path", "",
            "conversations (.jsonl) or a text to learn; for reproduce: English to measure on")
      .integer("data.length", 64, "longest sequence in training, in tokens", 2, 1'000'000)
      .integer("data.tuned_pieces", 128, "pieces of text that reproduce tunes on", 1, kMany)
      .text("tuning.kind", "lora", "what is trained", {"lora", "prompt", "full"})
      .integer("tuning.rank", 8, "rank of LoRA", 1, 4096)
      .number("tuning.alpha", 16.0, "LoRA's scale is alpha / rank", 0.0, 1e6)
      .texts("tuning.targets", {"q_proj", "v_proj"}, "projections that LoRA adapts",
             {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"})
      .integer("tuning.prompt_tokens", 20, "vectors of a soft prompt", 1, 65536)
      .integer("evaluation.tokens", 4000, "about how many tokens of held-out text reproduce scores", 64,
               kMany)
      .integer("evaluation.items", 100, "items of the sentence cloze", 10, 1'000'000)
      .integer("evaluation.window", 1024, "window of perplexity, in tokens", 2, kMany)
      .integer("evaluation.stride", 512, "stride of perplexity, in tokens", 1, kMany)
      .integer("baseline.order", 5, "n of the byte n-gram baseline", 1, 7)
      .integer("baseline.bytes", 1'000'000, "text that the baseline is trained on, in bytes", 1000, kMany);
  add_training_keys(schema);
  return schema;
}

ActionResult convert(const ActionRequest& request) {
  const std::filesystem::path source = find_language_model(open_gpt::model_name(request));
  const bool gguf = request.text("to") == "gguf";
  const std::filesystem::path out = request.common.out;
  const std::string where = "everform convert open-gpt";
  std::error_code code;
  if (out.empty()) {
    throw Error(ErrorKind::kUsage, where, "--out is not given", "say where the model is to be written");
  }
  if (std::filesystem::equivalent(source, out, code) ||
      (gguf && std::filesystem::exists(out, code) && !request.common.yes)) {
    throw Error(ErrorKind::kUsage, where, out.string() + " is there already",
                "choose another --out, or add --yes where it is not the source");
  }
  const auto type = request.has("type") ? element_type_from_name(request.text("type")) : std::nullopt;
  const auto decoder = open_decoder(source);
  const WrittenModel written = gguf ? write_gguf_decoder(*decoder, type, out)
                                    : write_hf_folder(*decoder, type, out, request.common.yes);
  return {.json = {{"out", written.out.string()}, {"bytes", written.bytes}, {"tensors", written.tensors}},
          .text = written.out.string() + ": " + std::to_string(written.tensors) + " tensors\n"};
}

ActionResult analyse(const ActionRequest& request) {
  std::vector<std::string> models = request.files;
  if (models.empty()) {
    models.push_back(open_gpt::model_name(request));
  }
  return analyse_decoders(read_analysis(std::move(models), request.options, request.common.seed));
}

std::vector<ActionSpec> actions() {
  const OptionSpec stream{
      .name = "stream", .type = Type::kFlag, .help = "write the text as it comes (always so without --json)"};
  const OptionSpec lora{
      .name = "lora", .type = Type::kInteger, .value_name = "R", .help = "train LoRA weights of rank R"};
  const OptionSpec prompt{.name = "prompt-tokens",
                          .type = Type::kInteger,
                          .value_name = "N",
                          .help = "train a soft prompt of N vectors"};
  const OptionSpec data{.name = "data",
                        .type = Type::kPath,
                        .value_name = "PATH",
                        .help = "English text to measure on (default: Debian's manuals)"};
  return {{.verb = "convert",
           .help = "a model in another format or precision",
           .example = "everform convert open-gpt smollm2.gguf --to safetensors --out smol",
           .with_verb_options = true,
           .takes_files = true,
           .run = convert},
          {.verb = "generate",
           .help = "continues a text, or answers with --chat",
           .example = "everform generate open-gpt --model smol --chat --prompt \"Explain rotary positions\" "
                      "--top-p 0.9 --stream",
           .options = {stream},
           .with_verb_options = true},
          {.verb = "evaluate",
           .help = "perplexity of a text and accuracy on tasks",
           .example = "everform evaluate open-gpt --model smol --perplexity text.txt --tasks mc.jsonl "
                      "--shots 3 --out scores.json",
           .with_verb_options = true},
          {.verb = "analyse",
           .help = "models side by side: sizes, cache, arithmetic, speed, scores",
           .example = "everform analyse open-gpt smollm2.gguf llama2-7b --table models.md",
           .with_verb_options = true,
           .takes_files = true,
           .run = analyse},
          {.verb = "train",
           .help = "tunes a model on conversations (answers alone are learned) or on a text",
           .example = "everform train open-gpt --model smol --lora 8 --data chat.jsonl --out runs/tuned",
           .options = {lora, prompt}},
          {.verb = "reproduce",
           .help = "every claim on the bundled model, beside an n-gram and a random decoder",
           .example = "everform reproduce open-gpt --out runs/open-gpt-report",
           .options = {data}}};
}

}  // namespace

const SystemCard& open_gpt_card() {
  static const SystemCard card{.name = "open-gpt",
                               .title = "A workbench for user-friendly, open language models",
                               .paper = "arXiv 2308.14149 (2023)",
                               .domain = "language",
                               .state = SystemCard::State::kPartial,
                               .summary =
                                   "Loads real open checkpoints, runs, converts, tunes, evaluates and "
                                   "compares them on a small machine.",
                               .schema = recipe_schema(),
                               .recipe = open_gpt_recipe_toml,
                               .presets = {"tiny", "paper"},
                               .actions = actions()};
  return card;
}

}  // namespace everform
