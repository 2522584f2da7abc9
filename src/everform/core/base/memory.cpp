#include "everform/core/base/memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace everform {

void keep_freed_memory() {
#ifdef __GLIBC__
  // The largest threshold that glibc takes.
  constexpr int kLargestKept = 32 << 20;
  constexpr int kNever = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestKept);
  mallopt(M_TRIM_THRESHOLD, kNever);
#endif
}

}  // namespace everform
