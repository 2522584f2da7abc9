#include "everform/core/decoding/kernels/panel_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/decoding/kernels/cache_line_vector.h"

namespace everform {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

}  // namespace

PanelMemory::PanelMemory(std::size_t bytes) : size_(bytes) {
  const bool huge = bytes >= kHugePage;
  const std::size_t alignment = huge ? kHugePage : kCacheLine;
  if (bytes <= static_cast<std::size_t>(-1) - alignment) {
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, round_up(bytes, alignment))));
  }
  if (memory_ == nullptr) {
    throw Error(ErrorKind::kMissing, "packing weights",
                std::to_string(bytes) + " bytes of memory are not to be had");
  }
#if defined(MADV_HUGEPAGE)
  if (huge) {
    // Whole huge pages only: the rest of the last one would be taken for nothing. A refusal changes the speed
    // alone.
    madvise(memory_.get(), bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  }
#endif
}

void PanelMemory::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

}  // namespace everform
