#include "everform/core/decoding/engine/fast_model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/threads.h"
#include "everform/core/decoding/engine/attention_kernels.h"

namespace everform {
namespace {

std::size_t size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

TransformerConfig checked(TransformerConfig config) {
  validate(config, "loading the model");
  if (!config.causal) {
    throw Error(ErrorKind::kBadInput, "loading the model", "it is an encoder, which does not write text",
                "`everform embed` takes encoders");
  }
  return config;
}

FastModelOptions completed(FastModelOptions options) {
  if (options.threads <= 0) {
    options.threads = default_pool().threads();
  }
  if (!options.policy) {
    options.policy = keep_all_policy();
  }
  options.batch_rows = std::max<std::size_t>(options.batch_rows, 1);
  return options;
}

std::size_t wanted_rows(const SequenceFeed& feed) {
  switch (feed.logits) {
    case SequenceFeed::Logits::kNone:
      return 0;
    case SequenceFeed::Logits::kLast:
      return std::min<std::size_t>(feed.tokens.size(), 1);
    case SequenceFeed::Logits::kAll:
      return feed.tokens.size();
  }
  return 0;
}

}  // namespace

FastModelOptions reference_numbers(FastModelOptions options) {
  options.activations = ActivationPrecision::kFloat32;
  options.cache = KvPrecision::kFloat32;
  return options;
}

FastModel::FastModel(TransformerConfig config, const TensorSource& source, const FastModelOptions& options,
                     const std::function<void(const std::string&)>& release)
    : config_(checked(std::move(config))),
      options_(completed(options)),
      weights_(load_packed_weights(config_, source, release)),
      layout_(config_, options_.cache),
      pool_(std::make_shared<PagePool>(layout_.page_bytes())),
      team_(options_.threads),
      pass_(config_, weights_, layout_, options_.activations, team_) {}

std::size_t FastModel::vocabulary() const {
  return size(config_.vocabulary);
}
std::size_t FastModel::context() const {
  return size(config_.context);
}
std::size_t FastModel::cache_bytes_per_token() const {
  return layout_.page_bytes() / kBlockPositions;
}

std::unique_ptr<SequenceState> FastModel::new_sequence() const {
  return std::make_unique<PagedSequence>(this, pool_, options_.policy);
}

PagedSequence& FastModel::own(SequenceState& state) const {
  auto* sequence = dynamic_cast<PagedSequence*>(&state);
  if (sequence == nullptr || sequence->owner() != this) {
    throw Error(ErrorKind::kFailed, "running the model", "the sequence belongs to another model");
  }
  return *sequence;
}

void FastModel::check(std::span<const SequenceFeed> feeds) const {
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const PagedSequence& sequence = own(*feeds[i].state);
    for (std::size_t j = 0; j < i; ++j) {
      if (feeds[j].state == feeds[i].state) {
        throw Error(ErrorKind::kFailed, "running the model", "a sequence is fed twice in one batch");
      }
    }
    if (feeds[i].tokens.size() > context() - sequence.length()) {
      throw Error(ErrorKind::kUsage, "running the model",
                  std::to_string(sequence.length() + feeds[i].tokens.size()) +
                      " tokens, but the model's context holds " + std::to_string(context()),
                  "shorten the text");
    }
    for (const TokenId token : feeds[i].tokens) {
      if (token < 0 || size(token) >= vocabulary()) {
        throw Error(ErrorKind::kBadInput, "running the model",
                    "token " + std::to_string(token) + " lies outside the vocabulary of " +
                        std::to_string(vocabulary()));
      }
    }
  }
}

void FastModel::feed(std::span<const SequenceFeed> feeds, std::span<float> logits) const {
  check(feeds);
  const std::lock_guard lock(mutex_);
  std::vector<BatchSegment> batch;
  std::size_t rows = 0;
  std::size_t logit_rows = 0;
  float* out = logits.data();
  const auto run = [&] {
    throw_if_interrupted("running the model");
    for (const BatchSegment& segment : batch) {
      segment.sequence->reserve(segment.tokens.size());
    }
    pass_.run(batch, out);
    for (const BatchSegment& segment : batch) {
      segment.sequence->advance(segment.tokens.size());
    }
    out += logit_rows * vocabulary();
    batch.clear();
    rows = logit_rows = 0;
  };
  for (const SequenceFeed& one : feeds) {
    PagedSequence& sequence = own(*one.state);
    const std::size_t count = one.tokens.size();
    const std::size_t first_wanted = count - wanted_rows(one);
    for (std::size_t at = 0; at < count;) {
      const std::size_t part = std::min(count - at, options_.batch_rows - rows);
      const std::size_t end = at + part;
      const std::size_t wanted = end > first_wanted ? end - std::max(at, first_wanted) : 0;
      batch.push_back({&sequence, one.tokens.subspan(at, part), sequence.length(), wanted});
      rows += part;
      logit_rows += wanted;
      at = end;
      if (rows == options_.batch_rows) {
        run();
      }
    }
  }
  if (!batch.empty()) {
    run();
  }
}

void FastModel::prefill(SequenceState& state, std::span<const TokenId> tokens,
                        std::span<float> logits) const {
  const SequenceFeed one{&state, tokens, SequenceFeed::Logits::kLast};
  feed(std::span(&one, 1), logits);
}

void FastModel::prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                            std::span<float> logits) const {
  const SequenceFeed one{&state, tokens, SequenceFeed::Logits::kAll};
  feed(std::span(&one, 1), logits);
}

void FastModel::step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
                     std::span<float> logits) const {
  std::vector<SequenceFeed> feeds;
  feeds.reserve(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    feeds.push_back({states[i], tokens.subspan(i, 1), SequenceFeed::Logits::kLast});
  }
  feed(feeds, logits);
}

std::unique_ptr<FastModel> load_fast_model(DecoderCheckpoint& checkpoint, const FastModelOptions& options) {
  return std::make_unique<FastModel>(
      checkpoint.config(), [&](const std::string& name) { return checkpoint.tensor(name); }, options,
      [&](const std::string& name) { checkpoint.release(name); });
}

}  // namespace everform
