// How many of a list of yes/no checks passed, and which did not.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace everform {

struct CheckCount {
  std::size_t passed = 0;
  std::size_t run = 0;
  std::vector<std::string> failed;

  void expect(bool holds, const std::string& what = "unnamed") {
    ++run;
    if (holds) {
      ++passed;
    } else {
      failed.push_back(what);
    }
  }
  void add(const CheckCount& other) {
    passed += other.passed;
    run += other.run;
    failed.insert(failed.end(), other.failed.begin(), other.failed.end());
  }
};

}  // namespace everform
