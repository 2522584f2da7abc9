#include "everform/core/decoding/generation_options.h"

#include <limits>

#include "everform/core/base/error.h"

namespace everform {
namespace {

using Type = OptionSpec::Type;

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
  return choice;
}

}  // namespace everform
