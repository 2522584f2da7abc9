// everform inspect: what a file of weights holds, tensor by tensor.

#include <atomic>
#include <cmath>
#include <cstdio>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/tensor_size.h"
#include "everform/core/io/tensor_store.h"

namespace everform {

namespace {

/// Infinite or NaN elements of a tensor, counted piece by piece so that no tensor is expanded as a whole.
std::uint64_t count_not_finite(const TensorView& tensor) {
  if (!is_floating(tensor.type) && !is_quantized(tensor.type)) {
    return 0;
  }
  const auto per_block = static_cast<std::size_t>(block_elements(tensor.type));
  const auto bytes = static_cast<std::size_t>(block_bytes(tensor.type));
  std::atomic<std::uint64_t> count{0};
  constexpr std::size_t kGrainElements = 1 << 16;
  const auto count_part = [&](std::size_t begin, std::size_t end) {
    std::vector<float> values((end - begin) * per_block);
    dequantize(tensor.type, tensor.data.subspan(begin * bytes, (end - begin) * bytes), values);
    std::uint64_t found = 0;
    for (const float value : values) {
      found += std::isfinite(value) ? 0 : 1;
    }
    count += found;
  };
  default_pool().parallel_for(tensor.data.size() / bytes, kGrainElements / per_block, count_part);
  return count;
}

void verify(const TensorStore& store) {
  for (const TensorView& tensor : store.tensors()) {
    const std::uint64_t bad = count_not_finite(tensor);
    if (bad > 0) {
      throw Error(ErrorKind::kBadInput, "verifying " + store.path().string(),
                  "the tensor \"" + printable(tensor.name) + "\" holds " + std::to_string(bad) +
                      " values that are infinite or no number",
                  "fetch the file again, or go back to an earlier checkpoint");
    }
  }
}

std::string tensor_line(const TensorView& tensor) {
  char columns[64];
  std::snprintf(columns, sizeof columns, "  %-6s %-22s %10s  ",
                std::string(element_name(tensor.type)).c_str(), shape_text(tensor.shape).c_str(),
                format_bytes(static_cast<double>(tensor.data.size())).c_str());
  return columns + printable(tensor.name) + "\n";
}

/// A metadata value on one short line; vocabularies have too many entries to print.
std::string value_text(const nlohmann::json& value) {
  constexpr std::size_t kShortList = 8;
  constexpr std::size_t kShortText = 100;
  if (value.is_array() && value.size() > kShortList) {
    return "[" + std::to_string(value.size()) + " values]";
  }
  return printable(json_to_text(value), kShortText);
}

ActionResult run_inspect(const Invocation& invocation) {
  const std::unique_ptr<TensorStore> store = open_tensor_store(resolve_model_path(invocation.target));
  if (invocation.flag("verify")) {
    verify(*store);
  }
  std::size_t bytes = 0;
  std::string lines;
  nlohmann::json::array_t tensors;
  for (const TensorView& tensor : store->tensors()) {
    bytes += tensor.data.size();
    lines += tensor_line(tensor);
    tensors.push_back({{"name", tensor.name},
                       {"type", element_name(tensor.type)},
                       {"shape", tensor.shape},
                       {"bytes", tensor.data.size()}});
  }
  ActionResult result;
  result.text = store->format() + ", " + std::to_string(store->tensors().size()) + " tensors, " +
                format_bytes(static_cast<double>(bytes)) +
                (invocation.flag("verify") ? ", all finite\n" : "\n");
  for (const auto& [key, value] : store->metadata().items()) {
    result.text += "  " + printable(key) + " = " + value_text(value) + "\n";
  }
  result.text += lines;
  result.json = {
      {"format", store->format()}, {"tensors", std::move(tensors)}, {"metadata", store->metadata()}};
  if (invocation.flag("verify")) {
    result.json["verified"] = true;
  }
  return result;
}

}  // namespace

Verb make_inspect_verb() {
  return {.name = "inspect",
          .help = "shows what a file of weights holds",
          .example = "everform inspect smollm2-135m-instruct --verify",
          .target = Verb::Target::kRequired,
          .target_help = "a safetensors or GGUF file, a folder with one, or a bundled model",
          .options = {{.name = "verify",
                       .type = OptionSpec::Type::kFlag,
                       .help = "reads every value too: infinite ones and NaN are an error"}},
          .run = run_inspect,
          .dispatches_systems = false};
}

}  // namespace everform
