#include "everform/core/decoding/generation_options.h"

#include <limits>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"

namespace everform {
namespace {

using Type = OptionSpec::Type;

constexpr std::size_t kMaxFormBytes = std::size_t{4} << 20;

class Reader {
 public:
  explicit Reader(const nlohmann::json& options) : options_(options) {}

  bool has(const char* name) const { return options_.contains(name) && !options_.at(name).is_null(); }

  void read(const char* name, double& value) const {
    if (has(name)) {
      value = options_.at(name).get<double>();
    }
  }
  void read(const char* name, int& value) const {
    if (has(name)) {
      value =
          static_cast<int>(integer(name, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
    }
  }
  void read(const char* name, std::size_t& value, std::int64_t low, std::int64_t high) const {
    if (has(name)) {
      value = static_cast<std::size_t>(integer(name, low, high));
    }
  }
  void read(const char* name, std::vector<std::string>& value) const {
    if (has(name)) {
      const nlohmann::json& given = options_.at(name);
      value =
          given.is_array() ? given.get<std::vector<std::string>>() : std::vector{given.get<std::string>()};
    }
  }

 private:
  std::int64_t integer(const char* name, std::int64_t low, std::int64_t high) const {
    const auto value = options_.at(name).get<std::int64_t>();
    if (value < low || value > high) {
      throw Error(ErrorKind::kUsage, std::string("reading --") + name,
                  "it is " + std::to_string(value) + ", but it must lie between " + std::to_string(low) +
                      " and " + std::to_string(high));
    }
    return value;
  }

  const nlohmann::json& options_;
};

void refuse(const std::string& option, const std::string& what, const std::string& hint = "") {
  throw Error(ErrorKind::kUsage, "reading --" + option, what, hint);
}

FormChoice read_form(const Reader& reader, const nlohmann::json& options) {
  using Kind = FormChoice::Kind;
  FormChoice form;
  std::string taken;
  const auto take = [&](const char* name, Kind kind) {
    const bool given = reader.has(name) && options.at(name) != false;
    if (given && !taken.empty()) {
      refuse(name, "--" + taken + " is given too, and a text has one form", "choose one of them");
    }
    if (given) {
      taken = name;
      form.kind = kind;
    }
    return given;
  };
  if (take("json-schema", Kind::kJsonSchema)) {
    const std::string file = options.at("json-schema").get<std::string>();
    form.text = read_file(file, kMaxFormBytes);
    parse_json(form.text, "reading " + file);
  }
  take("json-object", Kind::kJsonObject);
  if (take("regex", Kind::kRegex)) {
    form.text = options.at("regex").get<std::string>();
  }
  if (take("grammar", Kind::kGrammar)) {
    form.text = read_file(options.at("grammar").get<std::string>(), kMaxFormBytes);
  }
  return form;
}

void read_speculation(const Reader& reader, const nlohmann::json& options, GenerationChoice& choice) {
  choice.speculate_ngram = reader.has("speculate") && options.at("speculate") == "ngram";
  if (reader.has("draft")) {
    choice.draft = options.at("draft").get<std::string>();
  }
  if (choice.speculate_ngram && !choice.draft.empty()) {
    refuse("draft", "--speculate ngram is given too, and one of them guesses", "choose one of them");
  }
  reader.read("draft-tokens", choice.draft_tokens, 1, 64);
}

}  // namespace

std::vector<OptionSpec> generation_options(const GenerationDefaults& defaults) {
  const auto number = [](const char* name, const char* value, const char* help, nlohmann::json otherwise) {
    return OptionSpec{.name = name,
                      .type = Type::kNumber,
                      .value_name = value,
                      .help = help,
                      .default_value = std::move(otherwise)};
  };
  const auto integer = [](const char* name, const char* help, nlohmann::json otherwise) {
    return OptionSpec{.name = name,
                      .type = Type::kInteger,
                      .value_name = "N",
                      .help = help,
                      .default_value = std::move(otherwise)};
  };
  const SamplingOptions usual;
  return {
      integer("max-tokens", "longest text, in tokens", defaults.max_tokens),
      number("temperature", "T", "0 takes the likeliest token; higher is wilder", defaults.temperature),
      integer("top-k", "keep the N likeliest tokens (0: all)", usual.top_k),
      number("top-p", "P", "keep the likeliest tokens that sum to P (1: all)", defaults.top_p),
      number("min-p", "P", "keep tokens of at least P times the likeliest's probability (0: all)",
             usual.min_p),
      number("typical", "P", "keep the most typical tokens that sum to P (1: all)", usual.typical_p),
      number("repetition-penalty", "X", "divides the logits of tokens seen (1: off)",
             usual.repetition_penalty),
      integer("repetition-window", "tokens that the penalties look back (-1: all)", usual.repetition_window),
      number("presence-penalty", "X", "taken from the logits of tokens seen", usual.presence_penalty),
      number("frequency-penalty", "X", "taken from a token's logit each time it was seen",
             usual.frequency_penalty),
      number("dry-multiplier", "X", "penalty on repeated sequences (0: off)", usual.dry_multiplier),
      number("dry-base", "X", "how the penalty grows with the sequence", usual.dry_base),
      integer("dry-allowed-length", "longest sequence that may repeat", usual.dry_allowed_length),
      number("xtc-probability", "P", "chance of a token to be drawn without its top choices (0: off)",
             usual.xtc_probability),
      number("xtc-threshold", "P", "probability from which a token is a top choice", usual.xtc_threshold),
      number("mirostat-tau", "BITS", "steer the surprise of the text to BITS a token (mirostat 2; 0: off)",
             usual.mirostat_tau),
      number("mirostat-eta", "X", "how fast mirostat adapts", usual.mirostat_eta),
      {.name = "stop",
       .type = Type::kText,
       .value_name = "TEXT",
       .help = "ends the text before TEXT",
       .repeatable = true},
      {.name = "beams",
       .type = Type::kInteger,
       .value_name = "N",
       .help = "search the likeliest text along N beams; nothing is drawn"},
      {.name = "json-schema",
       .type = Type::kPath,
       .value_name = "FILE",
       .help = "the text is JSON that validates against the schema in FILE"},
      {.name = "json-object", .type = Type::kFlag, .help = "the text is a JSON object"},
      {.name = "regex",
       .type = Type::kText,
       .value_name = "PATTERN",
       .help = "the whole text matches PATTERN, as in \"(yes|no), [0-9]{1,3} %\""},
      {.name = "grammar",
       .type = Type::kPath,
       .value_name = "FILE",
       .help = "the text is one of the grammar in FILE (GBNF: root ::= \"yes\" | \"no\")"},
      {.name = "speculate",
       .type = Type::kText,
       .value_name = "HOW",
       .help = "guess tokens ahead from repetitions (ngram), for speed; the text stays the same",
       .default_value = "none",
       .choices = {"ngram", "none"}},
      {.name = "draft",
       .type = Type::kText,
       .value_name = "MODEL",
       .help = "a smaller model with the same vocabulary that guesses tokens ahead"},
      integer("draft-tokens", "most tokens guessed at once", std::int64_t{8}),
  };
}

GenerationChoice read_generation(const nlohmann::json& options) {
  const Reader reader(options);
  GenerationChoice choice;
  SamplingOptions& sampling = choice.sampling;
  reader.read("temperature", sampling.temperature);
  reader.read("top-k", sampling.top_k);
  reader.read("top-p", sampling.top_p);
  reader.read("min-p", sampling.min_p);
  reader.read("typical", sampling.typical_p);
  reader.read("repetition-penalty", sampling.repetition_penalty);
  reader.read("repetition-window", sampling.repetition_window);
  reader.read("presence-penalty", sampling.presence_penalty);
  reader.read("frequency-penalty", sampling.frequency_penalty);
  reader.read("dry-multiplier", sampling.dry_multiplier);
  reader.read("dry-base", sampling.dry_base);
  reader.read("dry-allowed-length", sampling.dry_allowed_length);
  reader.read("xtc-probability", sampling.xtc_probability);
  reader.read("xtc-threshold", sampling.xtc_threshold);
  reader.read("mirostat-tau", sampling.mirostat_tau);
  reader.read("mirostat-eta", sampling.mirostat_eta);
  validate(sampling);
  reader.read("max-tokens", choice.max_tokens, 1, std::int64_t{1} << 31);
  reader.read("stop", choice.stop);
  reader.read("beams", choice.beams, 1, 64);
  choice.form = read_form(reader, options);
  read_speculation(reader, options, choice);
  if (choice.beams > 0 &&
      (choice.form.kind != FormChoice::Kind::kNone || choice.speculate_ngram || !choice.draft.empty())) {
    refuse("beams", "beam search takes no form of the text and guesses nothing ahead", "leave --beams out");
  }
  return choice;
}

}  // namespace everform
