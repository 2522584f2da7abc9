#include "everform/domains/language/decoder_analysis.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/base/progress.h"
#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/report.h"
#include "everform/domains/language/decoder_calculator.h"
#include "everform/domains/language/published_decoders.h"

namespace everform {
namespace {

constexpr std::array kFormats = {ElementType::kF32,  ElementType::kF16,  ElementType::kQ8_0,
                                 ElementType::kQ4_K, ElementType::kQ4_1, ElementType::kQ4_0};

/// The type that most of the weights are stored in.
std::string main_type(DecoderCheckpoint& checkpoint) {
  std::map<ElementType, std::int64_t> elements;
  for (const std::string& name : checkpoint.names()) {
    const TensorView tensor = checkpoint.tensor(name);
    elements[tensor.type] += tensor.elements();
  }
  const auto largest = std::max_element(elements.begin(), elements.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return largest == elements.end() ? "" : std::string(element_name(largest->first));
}

std::string display_name(const std::filesystem::path& path) {
  const std::filesystem::path last =
      path.filename().empty() ? path.parent_path().filename() : path.filename();
  return std::filesystem::is_directory(path) ? last.string() : last.stem().string();
}

nlohmann::json calculated(const TransformerConfig& config, const AnalysisRequest& request) {
  const std::int64_t context = request.context.value_or(config.context);
  const std::int64_t lora = lora_parameters(config, request.lora_rank, {"q_proj", "v_proj"});
  const TuningMemory memory = tuning_memory(config, lora);
  nlohmann::json bytes;
  for (const ElementType format : kFormats) {
    bytes[std::string(element_name(format))] = weight_bytes(config, format);
  }
  return {{"architecture", config.architecture},
          {"parameters", parameter_count(config)},
          {"layers", config.depth},
          {"width", config.width},
          {"context", config.context},
          {"counted_context", context},
          {"kv_bytes_per_token", kv_cache_bytes(config, 1)},
          {"kv_bytes", kv_cache_bytes(config, context)},
          {"flops_per_token", flops_per_token(config, context)},
          {"bytes", bytes},
          {"tuning_bytes", {{"full", memory.full}, {"lora", memory.lora}, {"lora_parameters", lora}}},
          {"type", nullptr},
          {"file_bytes", nullptr},
          {"prefill_tokens_per_second", nullptr},
          {"decode_tokens_per_second", nullptr},
          {"perplexity", nullptr},
          {"bits_per_byte", nullptr},
          {"tasks", nullptr}};
}

/// Tokens per second of reading a short prompt and of writing after it.
void measure_speed(const StepModel& model, nlohmann::json& row) {
  constexpr std::size_t kPrompt = 64;
  constexpr std::size_t kNew = 16;
  const std::size_t prompt = std::min(kPrompt, model.context() / 2);
  const std::size_t written = std::min(kNew, model.context() - prompt);
  if (prompt == 0 || written == 0) {
    return;
  }
  std::vector<TokenId> tokens(prompt);
  for (std::size_t i = 0; i < prompt; ++i) {
    tokens[i] = static_cast<TokenId>(i % model.vocabulary());
  }
  std::vector<float> logits(model.vocabulary());
  const auto state = model.new_sequence();
  const auto seconds_since = [](std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  auto begin = std::chrono::steady_clock::now();
  model.prefill(*state, tokens, logits);
  row["prefill_tokens_per_second"] = static_cast<double>(prompt) / seconds_since(begin);
  begin = std::chrono::steady_clock::now();
  SequenceState* const states[] = {state.get()};
  for (std::size_t i = 0; i < written; ++i) {
    model.step(states, {tokens.data(), 1}, logits);
  }
  row["decode_tokens_per_second"] = static_cast<double>(written) / seconds_since(begin);
}

void measure(const std::filesystem::path& path, const AnalysisRequest& request, nlohmann::json& row) {
  log_info("loading " + path.string());
  const LanguageModel model = load_language_model(path);
  measure_speed(*model.model, row);
  if (request.quality) {
    row.update(evaluate(model, *request.quality).json);
  }
}

std::int64_t bytes_on_disk(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path)) {
    return static_cast<std::int64_t>(std::filesystem::file_size(path));
  }
  std::int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    bytes += entry.is_regular_file() && entry.path().extension() == ".safetensors"
                 ? static_cast<std::int64_t>(entry.file_size())
                 : 0;
  }
  return bytes;
}

nlohmann::json analyse_one(const std::string& name, const AnalysisRequest& request) {
  if (const PublishedDecoder* published = find_published_decoder(name)) {
    nlohmann::json row = calculated(read_hf_config(parse_json(published->config, name), name), request);
    row["name"] = name;
    return row;
  }
  const std::filesystem::path path = find_language_model(name);
  nlohmann::json row;
  {
    const std::unique_ptr<DecoderCheckpoint> checkpoint = open_decoder(path);
    row = calculated(checkpoint->config(), request);
    row["type"] = main_type(*checkpoint);
  }
  row["name"] = display_name(path);
  row["file_bytes"] = bytes_on_disk(path);
  if (request.weights) {
    measure(path, request, row);
  }
  return row;
}

std::string cell(const nlohmann::json& row, const char* key) {
  return !row.contains(key) || row.at(key).is_null() ? "-" : format_figure(row.at(key).get<double>());
}

std::string task_cell(const nlohmann::json& row) {
  if (!row.contains("tasks") || !row.at("tasks").is_array()) {
    return "-";
  }
  std::string text;
  for (const nlohmann::json& task : row.at("tasks")) {
    text += (text.empty() ? "" : ", ") + task.at("name").get<std::string>() + " " +
            format_figure(task.at("accuracy").get<double>());
  }
  return text;
}

ReportTable needs_table(const nlohmann::json& models) {
  ReportTable table{
      .title = "What each needs",
      .columns = {"name", "type", "parameters", "context", "KV bytes per token", "KV cache at the context",
                  "GFLOP per token there", "tuning all of it", "tuning with LoRA"}};
  for (const ElementType format : kFormats) {
    table.columns.emplace_back(element_name(format));
  }
  for (const nlohmann::json& row : models) {
    const auto bytes = [](const nlohmann::json& value) { return format_bytes(value.get<double>()); };
    std::vector<std::string> cells = {row.at("name"),
                                      row.at("type").is_null() ? "-" : row.at("type").get<std::string>(),
                                      cell(row, "parameters"),
                                      cell(row, "counted_context"),
                                      cell(row, "kv_bytes_per_token"),
                                      bytes(row.at("kv_bytes")),
                                      format_figure(row.at("flops_per_token").get<double>() / 1e9),
                                      bytes(row.at("tuning_bytes").at("full")),
                                      bytes(row.at("tuning_bytes").at("lora"))};
    for (const ElementType format : kFormats) {
      cells.push_back(bytes(row.at("bytes").at(std::string(element_name(format)))));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

ReportTable does_table(const nlohmann::json& models) {
  ReportTable table{.title = "What each does here",
                    .columns = {"name", "type", "file", "prefill tokens/s", "decode tokens/s", "perplexity",
                                "bits per byte", "tasks"}};
  for (const nlohmann::json& row : models) {
    if (!row.at("type").is_null()) {
      table.rows.push_back({row.at("name"), row.at("type"), format_bytes(row.at("file_bytes").get<double>()),
                            cell(row, "prefill_tokens_per_second"), cell(row, "decode_tokens_per_second"),
                            cell(row, "perplexity"), cell(row, "bits_per_byte"), task_cell(row)});
    }
  }
  return table;
}

}  // namespace

std::vector<OptionSpec> analysis_options() {
  using Type = OptionSpec::Type;
  std::vector<OptionSpec> options = {
      {.name = "context",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "tokens that cache and arithmetic are counted for (default: the model's context)"},
      {.name = "lora-rank",
       .type = Type::kInteger,
       .value_name = "R",
       .help = "rank that LoRA's memory is counted for (default: 8)"},
      {.name = "table",
       .type = Type::kPath,
       .value_name = "FILE.md",
       .help = "write the tables to a Markdown file"},
      {.name = "no-weights", .type = Type::kFlag, .help = "calculate only: load no weights, measure nothing"},
  };
  for (OptionSpec& option : evaluation_options()) {
    options.push_back(std::move(option));
  }
  return options;
}

AnalysisRequest read_analysis(std::vector<std::string> models, const nlohmann::json& options,
                              std::uint64_t seed) {
  const auto has = [&](const char* name) { return options.contains(name) && !options.at(name).is_null(); };
  const auto count = [&](const char* name, std::int64_t most) {
    const auto value = options.at(name).get<std::int64_t>();
    if (value < 1 || value > most) {
      throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                  std::to_string(value) + " is not in 1 to " + std::to_string(most));
    }
    return value;
  };
  if (models.empty()) {
    throw Error(ErrorKind::kUsage, "reading the models to analyse", "none is named",
                "name bundled models, GGUF files, folders, or published ones like llama2-7b");
  }
  AnalysisRequest request{.models = std::move(models)};
  if (has("context")) {
    request.context = count("context", 100'000'000);
  }
  if (has("lora-rank")) {
    request.lora_rank = count("lora-rank", 4096);
  }
  request.table = has("table") ? options.at("table").get<std::string>() : "";
  request.weights = !has("no-weights") || !options.at("no-weights").get<bool>();
  const bool measures = has("perplexity") || has("tasks");
  if (measures && !request.weights) {
    throw Error(ErrorKind::kUsage, "reading --no-weights", "--perplexity and --tasks need the weights",
                "leave one of them out");
  }
  if (measures) {
    request.quality = read_evaluation(options, seed);
  }
  return request;
}

ActionResult analyse_decoders(const AnalysisRequest& request) {
  nlohmann::json models = nlohmann::json::array();
  for (const std::string& name : request.models) {
    models.push_back(analyse_one(name, request));
  }
  std::string text = markdown(needs_table(models));
  const ReportTable measured = does_table(models);
  text += measured.rows.empty() ? "" : "\n" + markdown(measured);
  if (!request.table.empty()) {
    write_file(request.table, "# Decoders\n\n" + text);
  }
  return {.json = {{"models", std::move(models)}}, .text = std::move(text)};
}

}  // namespace everform
