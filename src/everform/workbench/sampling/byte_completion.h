// Texts continued by a model whose tokens are bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "everform/workbench/sampling/autoregressive.h"

namespace everform {

/// Continues each prompt byte by byte up to `options.end`, which is kept. @param longest bytes of a prompt's
/// continuation at most, in place of options.max_tokens @param transformer of vocabulary 256 at least. Throws
/// Error{kFailed} where a token that is no byte is drawn.
std::vector<std::string> complete_bytes(Transformer& transformer, const std::vector<std::string>& prompts,
                                        const std::function<std::int64_t(const std::string& prompt)>& longest,
                                        AutoregressiveOptions options);

}  // namespace everform
