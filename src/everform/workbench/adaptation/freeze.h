// Training a part of a network while the rest stays as it is.
#pragma once

#include <string>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Which parameters stay as they are.
enum class Freeze {
  kNone,
  kMixersAndMlps,  ///< attention and MLPs of all blocks; norms, positions, read-in and read-out are trained
                   ///< (Lu et al. 2021, arXiv 2103.05247)
  kAllButEnds      ///< everything but read-in (or token table) and read-out
};

/// "none", "mixers-and-mlps", "all-but-ends"
const std::vector<std::string>& freeze_names();
/// Throws Error{kUsage} for another name.
Freeze freeze_from_name(const std::string& name);

/// Switches gradients off for the frozen parameters and on for all others.
void freeze(Transformer& transformer, Freeze what);

}  // namespace everform
