// Damage to a valid file, drawn from fuzz data: the way to the checks behind the first ones.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace everform::fuzz {

/// Overwrites bytes and 64-bit numbers, cuts and lengthens.
inline void corrupt(FuzzedDataProvider& data, std::string& file) {
  constexpr std::array<std::uint64_t, 10> kNumbers = {
      0, 1, 31, 32, 33, 255, std::uint64_t{1} << 31, std::uint64_t{1} << 61, INT64_MAX, UINT64_MAX};
  const int wounds = data.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < wounds && !file.empty(); ++i) {
    const auto at = data.ConsumeIntegralInRange<std::size_t>(0, file.size() - 1);
    switch (data.ConsumeIntegralInRange(0, 4)) {
      case 0:
        file[at] = data.ConsumeIntegral<char>();
        break;
      case 1: {
        const std::uint64_t number = data.PickValueInArray(kNumbers);
        std::memcpy(&file[at], &number, std::min(sizeof number, file.size() - at));
        break;
      }
      case 2:
        file.resize(at);
        break;
      case 3:
        file.append(data.ConsumeIntegralInRange<std::size_t>(1, 64), 'x');
        break;
      default:
        file.insert(at, data.ConsumeRandomLengthString(16));
        break;
    }
  }
}

}  // namespace everform::fuzz
