// The fast decoder: packed weights, a paged cache, a team of threads. Runs every TransformerConfig that
// PlainModel runs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "everform/core/decoding/engine/forward_pass.h"
#include "everform/core/decoding/engine/kv_policy.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/io/decoder_checkpoint.h"

namespace everform {

struct FastModelOptions {
  /// 0: as many as the default pool has (--threads).
  int threads = 0;
  /// Of the products with weights in blocks of a few bits (Q4_0 and the like); others take float32.
  ActivationPrecision activations = ActivationPrecision::kInt8;
  KvPrecision cache = KvPrecision::kBFloat16;
  /// What the cache keeps; nullptr: everything. A configuration's own window says what is seen, whatever is
  /// kept.
  std::shared_ptr<const KvPolicy> policy = nullptr;
  /// Tokens that pass the stack together.
  std::size_t batch_rows = 128;
};

/// The reference's numbers: float32 activations and cache.
FastModelOptions reference_numbers(FastModelOptions options = {});

/// Some tokens for a sequence, and which logits are wanted back.
struct SequenceFeed {
  enum class Logits { kNone, kLast, kAll };
  SequenceState* state;
  std::span<const TokenId> tokens;
  Logits logits = Logits::kLast;
};

/// Logits are the same bits however a sequence is fed: whole, in chunks, token by token, beside others, on
/// any number of threads. Calls from several threads wait for each other.
class FastModel : public StepModel {
 public:
  /// @param release told the name of each tensor that is packed; may be empty
  /// Throws Error{kBadInput} for a configuration that is no decoder, or a tensor of the wrong shape.
  FastModel(TransformerConfig config, const TensorSource& source, const FastModelOptions& options = {},
            const std::function<void(const std::string&)>& release = {});

  std::size_t vocabulary() const override;
  std::size_t context() const override;
  std::unique_ptr<SequenceState> new_sequence() const override;
  std::size_t cache_bytes_per_token() const override;
  void prefill(SequenceState& state, std::span<const TokenId> tokens, std::span<float> logits) const override;
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override;
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override;

  /// Feeds several sequences in passes of at most batch_rows tokens, which may hold parts of several: the
  /// prompt of one beside the next tokens of others. Nothing is fed where one of the feeds is refused.
  /// @param logits [wanted rows, vocabulary], in the feeds' order
  void feed(std::span<const SequenceFeed> feeds, std::span<float> logits) const;

  const TransformerConfig& config() const { return config_; }
  const FastModelOptions& options() const { return options_; }
  int threads() const { return team_.threads(); }
  const PackedWeights& weights() const { return weights_; }
  /// Bytes of the cache's pages that sequences hold now; a page shared by clones counts once.
  std::size_t cache_bytes_in_use() const { return pool_->bytes_in_use(); }
  /// Bytes of one page of kBlockPositions tokens, the unit in which the cache grows.
  std::size_t cache_page_bytes() const { return pool_->page_bytes(); }

 private:
  PagedSequence& own(SequenceState& state) const;
  void check(std::span<const SequenceFeed> feeds) const;

  TransformerConfig config_;
  FastModelOptions options_;
  PackedWeights weights_;
  KvLayout layout_;
  std::shared_ptr<PagePool> pool_;
  mutable ThreadTeam team_;
  mutable std::mutex mutex_;  // guards pass_
  mutable ForwardPass pass_;
};

/// Loads every tensor of an opened decoder; the file's pages are given back as they are packed.
std::unique_ptr<FastModel> load_fast_model(DecoderCheckpoint& checkpoint,
                                           const FastModelOptions& options = {});

}  // namespace everform
