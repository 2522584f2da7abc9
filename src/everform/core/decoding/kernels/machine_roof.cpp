#include "everform/core/decoding/kernels/machine_roof.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/decoding/kernels/cache_line_vector.h"

namespace everform {
namespace {

// What one thread reads at a time, so that the threads end together.
constexpr std::size_t kShareBytes = std::size_t{16} << 20U;
constexpr std::size_t kStreams[] = {1, 2, 3, 5, 8};

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class MappedMemory {
 public:
  MappedMemory(std::size_t bytes, bool huge_pages) : bytes_(bytes) {
    void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
      throw Error(ErrorKind::kMissing, "measuring the read bandwidth",
                  std::to_string(bytes) + " bytes of memory are not to be had");
    }
    memory_ = static_cast<std::byte*>(at);
    madvise(memory_, bytes, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  }
  ~MappedMemory() { munmap(memory_, bytes_); }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  std::byte* data() const { return memory_; }

 private:
  std::size_t bytes_ = 0;
  std::byte* memory_ = nullptr;
};

using Line = std::uint64_t __attribute__((vector_size(64)));

// The streams of one share begin a whole number of lines apart that is odd: no power of two.
template <std::size_t Streams>
[[gnu::always_inline]] inline std::uint64_t read_streams(const std::byte* from) {
  constexpr std::size_t kLines = (kShareBytes / kCacheLine / Streams - 1) | 1U;
  Line sums[Streams] = {};
  for (std::size_t line = 0; line < kLines - 1; line += 2) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < Streams; ++s) {
      const auto* at = reinterpret_cast<const Line*>(from + (s * (kLines - 1) + line) * kCacheLine);
      sums[s] ^= at[0] ^ at[1];
    }
  }
  std::uint64_t sum = 0;
  for (const Line& part : sums) {
    for (std::size_t i = 0; i < 8; ++i) {
      sum ^= part[i];
    }
  }
  return sum;
}

[[gnu::always_inline]] inline std::uint64_t read_share(const std::byte* from, std::size_t streams) {
  switch (streams) {
    case 1:
      return read_streams<1>(from);
    case 2:
      return read_streams<2>(from);
    case 3:
      return read_streams<3>(from);
    case 5:
      return read_streams<5>(from);
    default:
      return read_streams<8>(from);
  }
}

using ReadShare = std::uint64_t (*)(const std::byte* from, std::size_t streams);
std::uint64_t read_share_plain(const std::byte* from, std::size_t streams) {
  return read_share(from, streams);
}
#if defined(__x86_64__)
__attribute__((target("avx512f"))) std::uint64_t read_share_avx512(const std::byte* from,
                                                                   std::size_t streams) {
  return read_share(from, streams);
}
__attribute__((target("avx2"))) std::uint64_t read_share_avx2(const std::byte* from, std::size_t streams) {
  return read_share(from, streams);
}
#endif

ReadShare best_read() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    return read_share_avx512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return read_share_avx2;
  }
#endif
  return read_share_plain;
}

}  // namespace

double measure_read_bandwidth(ThreadTeam& team, std::size_t bytes) {
  const std::size_t shares = std::max<std::size_t>(bytes / kShareBytes, 1);
  const ReadShare read = best_read();
  std::vector<std::uint64_t> sums(shares);
  double best = 0;
  for (const bool huge_pages : {true, false}) {
    const MappedMemory memory(shares * kShareBytes, huge_pages);
    team.run(shares, [&](std::size_t share) {
      std::memset(memory.data() + share * kShareBytes, static_cast<int>(share), kShareBytes);
    });
    for (const std::size_t streams : kStreams) {
      const double seconds = seconds_of([&] {
        team.run(shares, [&](std::size_t share) {
          sums[share] = read(memory.data() + share * kShareBytes, streams);
        });
      });
      best = std::max(best, static_cast<double>(shares * kShareBytes) / seconds);
    }
  }
  return best;
}

}  // namespace everform
