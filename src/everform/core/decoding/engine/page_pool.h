// Memory for key-value caches, handed out in pages that several sequences may share.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace everform {

/// A page and the number of its holders.
struct CachePage;

/// Pages of one size. Pages given back are kept for the next taker up to `spare` of them. All calls may come
/// from several threads; what is in a page is its holders' business.
class PagePool {
 public:
  explicit PagePool(std::size_t page_bytes, std::size_t spare = 16);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  std::size_t page_bytes() const { return page_bytes_; }
  /// Bytes of the pages that somebody holds; a shared page counts once.
  std::size_t bytes_in_use() const;

  /// A new page of zeros or of an earlier holder's numbers, held once.
  CachePage* take();
  void hold(CachePage* page);
  /// Gives one hold back.
  void drop(CachePage* page);
  /// Whether somebody else holds it too.
  bool shared(const CachePage* page) const;

  static std::byte* data(CachePage* page);
  static const std::byte* data(const CachePage* page);

 private:
  std::size_t page_bytes_;
  std::size_t spare_;
  mutable std::mutex mutex_;
  std::size_t in_use_ = 0;
  std::vector<CachePage*> free_;
};

}  // namespace everform
