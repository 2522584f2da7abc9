// A vector whose memory begins on a cache line, so that a 64-byte vector load never straddles two.
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace everform {

inline constexpr std::size_t kCacheLine = 64;

/// Leaves new elements of plain types as they are: what is resized is written before it is read.
template <typename T>
struct UninitializedCacheLineAllocator {
  using value_type = T;

  UninitializedCacheLineAllocator() = default;
  template <typename U>
  explicit UninitializedCacheLineAllocator(const UninitializedCacheLineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) {
      throw std::bad_array_new_length();
    }
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{kCacheLine}));
  }
  void deallocate(T* memory, std::size_t /*count*/) {
    ::operator delete(memory, std::align_val_t{kCacheLine});
  }
  template <typename U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }

  bool operator==(const UninitializedCacheLineAllocator& /*other*/) const { return true; }
};

template <typename T>
using CacheLineVector = std::vector<T, UninitializedCacheLineAllocator<T>>;

/// `count` rounded up to a multiple of `step`.
inline constexpr std::size_t round_up(std::size_t count, std::size_t step) {
  return (count + step - 1) / step * step;
}

}  // namespace everform
