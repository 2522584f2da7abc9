// The families that Everform reads and writes, one file each.
#pragma once

#include "everform/core/io/architecture.h"

namespace everform {

const Architecture& llama_architecture();
const Architecture& mistral_architecture();
const Architecture& qwen2_architecture();
const Architecture& gpt2_architecture();
const Architecture& gpt_neox_architecture();
const Architecture& opt_architecture();
const Architecture& bloom_architecture();
const Architecture& falcon_architecture();
const Architecture& mpt_architecture();

}  // namespace everform
