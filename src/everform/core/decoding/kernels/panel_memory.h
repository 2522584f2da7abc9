// Memory for packed panels, on huge pages where the system gives them.
#pragma once

#include <cstddef>
#include <memory>

namespace everform {

/// Begins on a cache line, large blocks on a huge page. Not initialized.
class PanelMemory {
 public:
  /// Throws Error{kMissing} where the memory is not to be had.
  explicit PanelMemory(std::size_t bytes);

  std::size_t size() const { return size_; }
  std::byte* data() { return memory_.get(); }
  const std::byte* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace everform
