#include "everform/workbench/adaptation/freeze.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

namespace {

bool stays(Freeze what, const std::string& parameter) {
  const auto has = [&](const char* part) { return parameter.find(part) != std::string::npos; };
  switch (what) {
    case Freeze::kNone:
      return false;
    case Freeze::kMixersAndMlps:
      return has(".self_attn.") || has(".cross_attn.") || has(".mlp.");
    case Freeze::kAllButEnds:
      return !has("model.read_in.") && !has("model.embed_tokens.") && !has("lm_head.");
  }
  return false;
}

}  // namespace

const std::vector<std::string>& freeze_names() {
  static const std::vector<std::string> names = {"none", "mixers-and-mlps", "all-but-ends"};
  return names;
}

Freeze freeze_from_name(const std::string& name) {
  const auto found = std::find(freeze_names().begin(), freeze_names().end(), name);
  if (found == freeze_names().end()) {
    throw Error(ErrorKind::kUsage, "choosing what to freeze", "there is no choice " + printable(name),
                suggestion(name, freeze_names()));
  }
  return static_cast<Freeze>(found - freeze_names().begin());
}

void freeze(Transformer& transformer, Freeze what) {
  for (auto& parameter : transformer.named_parameters()) {
    parameter.value().set_requires_grad(!stays(what, parameter.key()));
  }
}

}  // namespace everform
