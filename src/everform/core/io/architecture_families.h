// The families that Everform reads and writes, one file each.
#pragma once

#include "everform/core/io/architecture.h"

namespace everform {

const Architecture& llama_architecture();
const Architecture& mistral_architecture();
const Architecture& qwen2_architecture();

}  // namespace everform
