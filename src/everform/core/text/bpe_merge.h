// Applying merges to the symbols of one piece: always the pair of the lowest rank, of equals the leftmost,
// until none is left.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "everform/core/text/merge_table.h"
#include "everform/core/text/subword_model.h"

namespace everform::text {

/// Work arrays of the merge loops.
class MergeScratch {
 public:
  /// Merges `symbols` in place and returns how many are left at its front.
  /// Short pieces are scanned. Longer ones take a queue of ranks over runs of equal symbols where the table
  /// is ordered (so that a million equal letters are one run), else a heap of pairs: O(n log n) at worst.
  /// @param token_lengths bytes of each token by id, for rebuilding spans from runs
  std::size_t merge(const MergeTable& table, const std::vector<std::uint32_t>& token_lengths,
                    std::span<TokenSpan> symbols);

  /// The three ways on their own, for tests.
  std::size_t merge_by_scan(const MergeTable& table, std::span<TokenSpan> symbols);
  std::size_t merge_by_heap(const MergeTable& table, std::span<TokenSpan> symbols);
  std::size_t merge_by_runs(const MergeTable& table, const std::vector<std::uint32_t>& token_lengths,
                            std::span<TokenSpan> symbols);

 private:
  struct Run {
    TokenId id = 0;
    std::uint32_t count = 0;  ///< 0: merged away
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };
  struct Waiting {
    std::uint32_t run = 0;
    std::uint32_t next = 0;
  };

  void start_runs(const MergeTable& table, std::span<const TokenSpan> symbols);
  void wait(const MergeTable& table, std::uint32_t run);
  void push_rank(std::uint32_t rank, std::uint32_t run);
  void merge_inside(const MergeTable& table, std::uint32_t run, TokenId result);
  void merge_border(const MergeTable& table, std::uint32_t run, TokenId result);
  std::uint32_t insert_after(std::uint32_t run, TokenId id, std::uint32_t count);
  void unlink(std::uint32_t run);
  std::uint32_t join_neighbours(std::uint32_t run);

  std::vector<const Merge*> pair_merges_;
  std::vector<std::uint32_t> previous_;
  std::vector<std::uint32_t> next_;
  std::vector<std::uint64_t> heap_;

  std::vector<Run> runs_;
  std::vector<Waiting> waiting_;
  std::vector<std::uint32_t> first_waiting_;  ///< by rank
  std::vector<std::uint32_t> rank_heap_;
};

}  // namespace everform::text
