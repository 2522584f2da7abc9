// everform serve: an OpenAI-compatible server for one model.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/bundled_models.h"
#include "everform/core/io/json_text.h"
#include "everform/core/server/server.h"
#include "everform/domains/language/engine_options.h"
#include "everform/domains/language/text_generation.h"

namespace everform {
namespace {

namespace fs = std::filesystem;

// What sentence encoders call themselves; everything else is taken for a decoder, whose reader is strict.
bool is_encoder(const fs::path& path) {
  std::error_code code;
  if (fs::is_regular_file(path / "modules.json", code)) {
    return true;
  }
  if (!fs::is_regular_file(path / "config.json", code)) {
    return false;
  }
  const nlohmann::json config = read_json_file(path / "config.json");
  const std::string type = config.is_object() ? config.value("model_type", std::string()) : std::string();
  return type == "bert" || type == "roberta" || type == "xlm-roberta" || type == "mpnet" ||
         type == "distilbert";
}

std::string name_of(const Invocation& invocation, const std::string& target) {
  if (invocation.has("name")) {
    return invocation.text("name");
  }
  const fs::path path = fs::path(target).lexically_normal();
  const fs::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  return last.extension() == ".gguf" ? last.stem().string() : last.string();
}

std::int64_t integer_option(const Invocation& invocation, const char* name, std::int64_t low,
                            std::int64_t high) {
  const std::int64_t value = invocation.integer(name);
  if (value < low || value > high) {
    throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                "it is " + std::to_string(value) + ", but it must lie between " + std::to_string(low) +
                    " and " + std::to_string(high));
  }
  return value;
}

std::vector<std::string> texts_option(const Invocation& invocation, const char* name) {
  return invocation.has(name) ? invocation.options.at(name).get<std::vector<std::string>>()
                              : std::vector<std::string>();
}

// A quarter of the machine's memory, at most 8 GiB.
std::size_t usual_budget() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  const std::size_t memory =
      pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) : 0;
  return std::clamp(memory / 4, std::size_t{256} << 20, std::size_t{8} << 30);
}

// The workbench program that lies beside this one, or that EVERFORM_WORKBENCH names.
server::WorkerCommand embedder_command(const fs::path& encoder) {
  setenv("OMP_WAIT_POLICY", "PASSIVE", 0);  // the worker's threads sleep while the engine's work
  std::error_code code;
  const char* named = std::getenv("EVERFORM_WORKBENCH");
  const fs::path program =
      named != nullptr && *named != '\0'
          ? fs::path(named)
          : fs::read_symlink("/proc/self/exe", code).parent_path() / "everform-workbench";
  return {.program = program.string(), .arguments = {"embed", encoder.string(), "--worker", "--quiet"}};
}

std::shared_ptr<const Constraint> compile_form(const server::OutputForm& form,
                                               const ConstraintVocabulary& vocabulary) {
  switch (form.kind) {
    case server::OutputForm::Kind::kJson:
      return any_json_constraint(vocabulary);
    case server::OutputForm::Kind::kSchema:
      return json_schema_constraint(form.schema, vocabulary);
    case server::OutputForm::Kind::kRegex:
      return regex_constraint(form.text, vocabulary);
    case server::OutputForm::Kind::kGrammar:
      return grammar_constraint(form.text, vocabulary);
  }
  return nullptr;
}

nlohmann::ordered_json facts_of(const LanguageModel& model) {
  const TransformerConfig& config = model.config;
  return {{"layers", config.depth},
          {"width", config.width},
          {"heads", config.heads},
          {"kv_heads", config.kv_heads},
          {"vocabulary", config.vocabulary},
          {"context", model.model->context()},
          {"cache_bytes_per_token", model.model->cache_bytes_per_token()},
          {"tokenizer", model.tokenizer->kind()},
          {"numbers", model.numbers},
          {"chat", model.tokenizer->chat_template().has_value()}};
}

server::ServedModel load_served(const fs::path& path, const LanguageModelOptions& engine,
                                const std::optional<std::string>& chat_template) {
  const LanguageModel language = load_language_model(path, engine);
  server::ServedModel served;
  served.model = language.model;
  served.tokenizer = language.tokenizer;
  served.text_ends = end_tokens(language, false);
  served.turn_ends = end_tokens(language, true);
  served.chat_template =
      chat_template ? find_chat_template(language, chat_template) : language.tokenizer->chat_template();
  served.facts = facts_of(language);
  served.compile_form = compile_form;
  return served;
}

server::ServerOptions read_options(const Invocation& invocation, const fs::path& target) {
  server::ServerOptions options;
  options.host = invocation.text("host");
  options.port = static_cast<std::uint16_t>(integer_option(invocation, "port", 0, 65535));
  options.api.has_decoder = !is_encoder(target);
  options.api.generation.model_name = name_of(invocation, invocation.target);
  options.api.generation.chat_tokens =
      static_cast<std::size_t>(integer_option(invocation, "max-tokens", 1, 1 << 30));
  options.api.generation.seed = invocation.common.seed;
  options.api.scheduler.slots = static_cast<std::size_t>(integer_option(invocation, "slots", 1, 1024));
  options.api.scheduler.bytes =
      invocation.has("memory")
          ? static_cast<std::size_t>(integer_option(invocation, "memory", 1, 1 << 30)) << 20
          : usual_budget();
  options.api.access.hosts = texts_option(invocation, "allow-host");
  options.api.access.origins = texts_option(invocation, "allow-origin");
  if (invocation.has("api-key-file")) {
    const std::string file = invocation.text("api-key-file");
    options.api.access.keys =
        server::parse_api_keys(read_file(file, std::size_t{1} << 20), "reading " + file);
  }
  if (invocation.has("runs")) {
    options.api.runs = invocation.text("runs");
  }
  if (invocation.has("embedder")) {
    options.api.embedder = embedder_command(resolve_model_path(invocation.text("embedder")));
    options.api.embedder_name = name_of({}, invocation.text("embedder"));
  } else if (!options.api.has_decoder) {
    options.api.embedder = embedder_command(target);
    options.api.embedder_name = options.api.generation.model_name;
  }
  return options;
}

ActionResult run_serve(const Invocation& invocation) {
  const fs::path target = resolve_model_path(invocation.target);
  const server::ServerOptions options = read_options(invocation, target);
  const LanguageModelOptions engine = read_engine(invocation.options);
  const auto chat_template =
      invocation.has("template") ? std::optional(invocation.text("template")) : std::nullopt;
  server::run_server(
      options, [&] { return load_served(target, engine, chat_template); },
      [](const std::string& url) {
        std::printf("%s\n", json_to_text({{"listening", url}}).c_str());
        std::fflush(stdout);
      });
  return {};
}

std::vector<OptionSpec> serve_options() {
  using Type = OptionSpec::Type;
  std::vector<OptionSpec> options = {
      {.name = "host",
       .type = Type::kText,
       .value_name = "IP",
       .help = "address to listen on; beyond this machine an API key is needed",
       .default_value = "127.0.0.1"},
      {.name = "port",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "0 takes a free one",
       .default_value = 8080},
      {.name = "slots",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "sequences that are written at once",
       .default_value = 16},
      {.name = "memory",
       .type = Type::kInteger,
       .value_name = "MB",
       .help = "budget of all sequences together (default: a quarter of the machine's, at most 8192)"},
      {.name = "max-tokens",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "longest answer of a chat that does not say",
       .default_value = 2048},
      {.name = "api-key-file",
       .type = Type::kPath,
       .value_name = "FILE",
       .help = "keys that are taken, one a line"},
      {.name = "allow-host",
       .type = Type::kText,
       .value_name = "NAME",
       .help = "a Host that the server goes by; repeatable",
       .repeatable = true},
      {.name = "allow-origin",
       .type = Type::kText,
       .value_name = "ORIGIN",
       .help = "pages that may use the server (https://example.org); repeatable",
       .repeatable = true},
      {.name = "name", .type = Type::kText, .value_name = "NAME", .help = "the model's name in requests"},
      {.name = "template",
       .type = Type::kText,
       .value_name = "NAME",
       .help = "chat template (default: the model's)"},
      {.name = "embedder",
       .type = Type::kText,
       .value_name = "TARGET",
       .help = "an encoder that answers /v1/embeddings"},
      {.name = "runs",
       .type = Type::kPath,
       .value_name = "DIR",
       .help = "folder of runs that the studio shows"},
  };
  for (OptionSpec& option : engine_options()) {
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

Verb make_serve_verb() {
  return {.name = "serve",
          .help = "serves a model over HTTP, as OpenAI's API does, with a page to try it",
          .example = "everform serve smollm2-135m-instruct --port 8080",
          .target_help = "a decoder or a sentence encoder: a bundled model, a file or a folder",
          .options = serve_options(),
          .run = run_serve,
          .dispatches_systems = false};
}

}  // namespace everform
