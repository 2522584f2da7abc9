// Mixers by the names that recipes call them.
#pragma once

#include <string>
#include <vector>

#include "everform/workbench/models/transformer_block.h"

namespace everform {

/// "attention", "linear-attention", "retention", "lstm"
const std::vector<std::string>& mixer_kind_names();
/// Throws Error{kUsage} for another name.
MixerKind mixer_kind_from_name(const std::string& name);

}  // namespace everform
