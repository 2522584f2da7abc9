#include "everform/cli/all_verbs.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace everform {
namespace {

constexpr std::array<std::string_view, 16> kOrder = {
    "list",     "show",    "train",    "generate", "chat",    "embed", "evaluate",  "reproduce",
    "compress", "analyse", "tokenize", "convert",  "inspect", "serve", "benchmark", "env"};

std::size_t rank(const Verb& verb) {
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), verb.name) - kOrder.begin());
}

}  // namespace

const std::vector<Verb>& all_verbs() {
  static const std::vector<Verb> verbs = [] {
    std::vector<Verb> all = unsorted_verbs();
    std::stable_sort(all.begin(), all.end(), [](const Verb& a, const Verb& b) { return rank(a) < rank(b); });
    return all;
  }();
  return verbs;
}

}  // namespace everform
