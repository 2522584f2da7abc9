#include "everform/core/decoding/engine/page_pool.h"

#include <algorithm>

#include "everform/core/decoding/aligned_floats.h"

namespace everform {

struct CachePage {
  std::vector<std::byte, CacheLineAllocator<std::byte>> memory;
  std::size_t holders = 1;
};

PagePool::PagePool(std::size_t page_bytes, std::size_t spare) : page_bytes_(page_bytes), spare_(spare) {}

PagePool::~PagePool() {
  for (const CachePage* page : free_) {
    delete page;
  }
}

std::size_t PagePool::bytes_in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_ * page_bytes_;
}

CachePage* PagePool::take() {
  {
    const std::lock_guard lock(mutex_);
    ++in_use_;
    if (!free_.empty()) {
      CachePage* page = free_.back();
      free_.pop_back();
      page->holders = 1;
      return page;
    }
  }
  try {
    auto page = std::make_unique<CachePage>();
    page->memory.resize(page_bytes_);
    return page.release();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --in_use_;
    throw;
  }
}

void PagePool::hold(CachePage* page) {
  const std::lock_guard lock(mutex_);
  ++page->holders;
}

void PagePool::drop(CachePage* page) {
  std::unique_ptr<CachePage> unused;
  const std::lock_guard lock(mutex_);
  if (--page->holders > 0) {
    return;
  }
  --in_use_;
  if (free_.size() < spare_) {
    free_.push_back(page);
  } else {
    unused.reset(page);
  }
}

bool PagePool::shared(const CachePage* page) const {
  const std::lock_guard lock(mutex_);
  return page->holders > 1;
}

std::byte* PagePool::data(CachePage* page) {
  return page->memory.data();
}
const std::byte* PagePool::data(const CachePage* page) {
  return page->memory.data();
}

}  // namespace everform
