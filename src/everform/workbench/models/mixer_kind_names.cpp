#include "everform/workbench/models/mixer_kind_names.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {
namespace {

constexpr MixerKind kKinds[] = {MixerKind::kAttention, MixerKind::kLinearAttention, MixerKind::kRetention,
                                MixerKind::kLstm};

}  // namespace

const std::vector<std::string>& mixer_kind_names() {
  static const std::vector<std::string> names = {"attention", "linear-attention", "retention", "lstm"};
  return names;
}

MixerKind mixer_kind_from_name(const std::string& name) {
  const auto found = std::find(mixer_kind_names().begin(), mixer_kind_names().end(), name);
  if (found == mixer_kind_names().end()) {
    throw Error(ErrorKind::kUsage, "choosing a mixer", "there is no mixer " + printable(name),
                suggestion(name, mixer_kind_names()));
  }
  return kKinds[found - mixer_kind_names().begin()];
}

}  // namespace everform
