#include "everform/domains/language/decoder_checks.h"

#include <algorithm>
#include <cmath>

#include "everform/core/base/random.h"
#include "everform/core/decoding/continuation_score.h"
#include "everform/core/decoding/generation.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/recipes/transformer_tensors.h"
#include "everform/domains/language/reference_answers.h"

namespace everform {
namespace {

constexpr std::size_t kPrefixes = 8;

double difference(std::span<const float> a, std::span<const float> b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double here = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    largest = here <= largest ? largest : here;  // a NaN stays
  }
  return largest;
}

/// Logits after each token, read in chunks. @return [tokens, vocabulary]
std::vector<float> read_in_chunks(const StepModel& model, std::span<const TokenId> tokens,
                                  std::size_t chunk) {
  std::vector<float> logits(tokens.size() * model.vocabulary());
  const auto state = model.new_sequence();
  for (std::size_t at = 0; at < tokens.size(); at += chunk) {
    const std::size_t count = std::min(chunk, tokens.size() - at);
    model.prefill_all(*state, tokens.subspan(at, count),
                      std::span(logits).subspan(at * model.vocabulary(), count * model.vocabulary()));
  }
  return logits;
}

/// The lengths at which prefixes are compared: spread evenly, the last one whole.
std::vector<std::size_t> prefix_lengths(std::size_t tokens) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 1; i <= kPrefixes; ++i) {
    lengths.push_back(std::max<std::size_t>(tokens * i / kPrefixes, 2));
  }
  return lengths;
}

/// Hands out the tensors of a checkpoint in float32 with the rows of every head in another order.
class InterleavedSource {
 public:
  explicit InterleavedSource(DecoderCheckpoint& checkpoint) : checkpoint_(checkpoint) {}

  TensorView operator()(const std::string& name) {
    const TensorView tensor = checkpoint_.tensor(name);
    if (!name.ends_with("q_proj.weight") && !name.ends_with("k_proj.weight")) {
      return tensor;
    }
    const std::vector<float> rows = read_float32(tensor);
    const auto columns = static_cast<std::size_t>(tensor.shape[1]);
    const auto head = static_cast<std::size_t>(checkpoint_.config().head_width);
    values_.resize(rows.size());
    for (std::size_t row = 0; row < rows.size() / columns; ++row) {
      const std::size_t in_head = row % head;
      const std::size_t stored = row - in_head + in_head % (head / 2) * 2 + in_head / (head / 2);
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(row * columns), columns,
                  values_.begin() + static_cast<std::ptrdiff_t>(stored * columns));
    }
    return {name, ElementType::kF32, tensor.shape, std::as_bytes(std::span<const float>(values_))};
  }

 private:
  DecoderCheckpoint& checkpoint_;
  std::vector<float> values_;
};

}  // namespace

std::map<std::string, double> cache_differences(const StepModel& model, std::span<const TokenId> tokens) {
  const std::size_t vocabulary = model.vocabulary();
  const std::vector<float> whole = read_in_chunks(model, tokens, tokens.size());
  const auto row = [&](std::size_t length) {
    return std::span<const float>(whole).subspan((length - 1) * vocabulary, vocabulary);
  };
  std::map<std::string, double> differences;
  for (const std::size_t chunk : {1, 7, 64}) {
    differences["chunks of " + std::to_string(chunk)] =
        difference(whole, read_in_chunks(model, tokens, chunk));
  }
  const std::vector<std::size_t> lengths = prefix_lengths(tokens.size());
  std::vector<float> logits(vocabulary);
  std::vector<std::unique_ptr<SequenceState>> states;
  std::vector<SequenceState*> batch;
  std::vector<TokenId> last;
  for (const std::size_t length : lengths) {
    const auto fresh = model.new_sequence();
    model.prefill(*fresh, tokens.first(length), logits);
    double& uncached = differences["no cache"];
    uncached = std::max(uncached, difference(row(length), logits));
    states.push_back(model.new_sequence());
    model.prefill(*states.back(), tokens.first(length - 1), logits);
    batch.push_back(states.back().get());
    last.push_back(tokens[length - 1]);
  }
  std::vector<float> stepped(batch.size() * vocabulary);
  model.step(batch, last, stepped);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    double& batched = differences["batch"];
    batched = std::max(batched, difference(row(lengths[i]), std::span<const float>(stepped).subspan(
                                                                i * vocabulary, vocabulary)));
  }
  return differences;
}

std::unique_ptr<StepModel> load_without_unpermute(DecoderCheckpoint& checkpoint) {
  return std::make_unique<PlainModel>(checkpoint.config(), InterleavedSource(checkpoint));
}

std::unique_ptr<StepModel> make_random_decoder(const TransformerConfig& config, std::uint64_t seed) {
  constexpr float kDeviation = 0.02F;
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    shapes[tensor.name] = tensor.shape;
  }
  std::vector<float> values;
  return std::make_unique<PlainModel>(config, [&](const std::string& name) {
    const std::vector<std::int64_t>& shape = shapes.at(name);
    std::size_t elements = 1;
    for (const std::int64_t extent : shape) {
      elements *= static_cast<std::size_t>(extent);
    }
    values.assign(elements, name.ends_with(".bias") ? 0.0F : 1.0F);
    if (shape.size() > 1) {
      RandomStream(seed, "random decoder " + name).fill_normal(values, 0.0F, kDeviation);
    }
    return TensorView{name, ElementType::kF32, shape, std::as_bytes(std::span<const float>(values))};
  });
}

CheckCount check_continuations(const LanguageModel& model) {
  constexpr std::size_t kTokens = 24;
  CheckCount count;
  for (const FrozenContinuation& frozen : smollm2_continuations()) {
    GenerationRequest request;
    request.prompt = model.tokenizer->encode_ids(frozen.prompt, {.add_specials = false});
    request.sampling.temperature = 0.0;
    request.max_tokens = kTokens;
    const std::string text = generate(*model.model, *model.tokenizer, request).text;
    count.expect(text == frozen.text, "\"" + std::string(frozen.prompt) + "\" goes on with \"" + text + "\"");
  }
  return count;
}

std::size_t rank_of_paris(const LanguageModel& model) {
  std::vector<std::string> choices;
  for (const std::string& capital : ten_capitals()) {
    choices.push_back(" " + capital);
  }
  const auto scores =
      score_continuations(*model.model, *model.tokenizer, "The capital of France is", choices);
  return 1 + static_cast<std::size_t>(
                 std::count_if(scores.begin() + 1, scores.end(), [&](const ContinuationScore& other) {
                   return !(other.log_likelihood < scores.front().log_likelihood);
                 }));
}

}  // namespace everform
