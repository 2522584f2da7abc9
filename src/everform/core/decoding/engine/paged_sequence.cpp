#include "everform/core/decoding/engine/paged_sequence.h"

#include <algorithm>
#include <cstring>

#include "everform/core/decoding/engine/attention_kernels.h"

namespace everform {
namespace {

std::size_t pages_for(std::size_t positions) {
  return (positions + kBlockPositions - 1) / kBlockPositions;
}

}  // namespace

PagedSequence::PagedSequence(const void* owner, std::shared_ptr<PagePool> pool,
                             std::shared_ptr<const KvPolicy> policy)
    : owner_(owner), pool_(std::move(pool)), policy_(std::move(policy)) {}

PagedSequence::PagedSequence(const PagedSequence& other)
    : SequenceState(other),
      owner_(other.owner_),
      pool_(other.pool_),
      policy_(other.policy_),
      pages_(other.pages_),
      first_page_(other.first_page_),
      first_position_(other.first_position_),
      length_(other.length_) {
  for (std::size_t i = first_page_; i < pages_.size(); ++i) {
    pool_->hold(pages_[i]);
  }
}

PagedSequence::~PagedSequence() {
  for (std::size_t i = first_page_; i < pages_.size(); ++i) {
    pool_->drop(pages_[i]);
  }
}

void PagedSequence::truncate(std::size_t length) {
  length_ = std::min(length_, length);
  first_position_ = std::min(first_position_, length_);
  const std::size_t kept = std::max(pages_for(length_), first_page_);
  while (pages_.size() > kept) {
    pool_->drop(pages_.back());
    pages_.pop_back();
  }
}

void PagedSequence::reserve(std::size_t count) {
  const std::size_t first = length_ / kBlockPositions;
  for (std::size_t i = std::max(first, first_page_); i < pages_.size() && count > 0; ++i) {
    if (pool_->shared(pages_[i])) {
      CachePage* own = pool_->take();
      std::memcpy(PagePool::data(own), page(i), pool_->page_bytes());
      pool_->drop(pages_[i]);
      pages_[i] = own;
    }
  }
  // Positions that were given back and are written again, after going back, get fresh pages.
  while (first_page_ > first) {
    pages_[--first_page_] = pool_->take();
  }
  while (pages_.size() < pages_for(length_ + count)) {
    pages_.push_back(pool_->take());
  }
}

void PagedSequence::advance(std::size_t count) {
  length_ += count;
  const std::size_t earliest = length_ - std::min(length_, kGoBack);
  const std::size_t unseen = policy_->first_seen(earliest) / kBlockPositions;
  while (first_page_ < std::min(unseen, pages_.size())) {
    pool_->drop(pages_[first_page_]);
    pages_[first_page_++] = nullptr;
    first_position_ = std::max(first_position_, first_page_ * kBlockPositions);
  }
}

std::size_t PagedSequence::first_seen(std::size_t position) const {
  return std::max(policy_->first_seen(position), first_position_);
}

}  // namespace everform
