// What one sequence has in the paged cache.
#pragma once

#include <memory>
#include <vector>

#include "everform/core/decoding/engine/kv_policy.h"
#include "everform/core/decoding/engine/page_pool.h"
#include "everform/core/decoding/step_model.h"

namespace everform {

/// Pages in the order of positions, page i for positions [64 i, 64 i + 64). A clone shares all of them;
/// whoever writes into a shared one first takes a copy. Pages that the policy no longer shows are given back.
///
/// Going back (truncate) by up to kGoBack tokens is exact. Further back than a window has kept, tokens fed
/// after that see only what is still there.
class PagedSequence : public SequenceState {
 public:
  static constexpr std::size_t kGoBack = 64;

  /// @param owner identifies the model that may run it
  PagedSequence(const void* owner, std::shared_ptr<PagePool> pool, std::shared_ptr<const KvPolicy> policy);
  ~PagedSequence() override;
  PagedSequence(const PagedSequence& other);
  PagedSequence& operator=(const PagedSequence&) = delete;

  std::size_t length() const override { return length_; }
  std::unique_ptr<SequenceState> clone() const override { return std::make_unique<PagedSequence>(*this); }
  void truncate(std::size_t length) override;

  const void* owner() const { return owner_; }
  /// Makes room for `count` more tokens: pages that this sequence alone may write.
  void reserve(std::size_t count);
  /// The reserved tokens are written: the sequence is that much longer.
  void advance(std::size_t count);

  /// First position that the token at `position` sees and that is there.
  std::size_t first_seen(std::size_t position) const;
  /// Page of positions [64 index, ...); it must be there.
  std::byte* page(std::size_t index) { return PagePool::data(pages_[index]); }
  const std::byte* page(std::size_t index) const { return PagePool::data(pages_[index]); }
  /// Pages held, shared ones included.
  std::size_t pages_held() const { return pages_.size() - first_page_; }

 private:
  const void* owner_;
  std::shared_ptr<PagePool> pool_;
  std::shared_ptr<const KvPolicy> policy_;
  std::vector<CachePage*> pages_;  // those before first_page_ are given back
  std::size_t first_page_ = 0;
  std::size_t first_position_ = 0;  // nothing before it is there
  std::size_t length_ = 0;
};

}  // namespace everform
