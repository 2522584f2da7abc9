#include "everform/core/io/decoder_checkpoint.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/gguf_config.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/stored_decoder.h"

namespace everform {

namespace {

namespace fs = std::filesystem;

TensorMap identity_map(const TransformerConfig& config) {
  TensorMapBuilder map(config);
  for (const NamedShape& tensor : transformer_tensors(config)) {
    map.as_is(tensor.name, tensor.name);
  }
  return map.finish();
}

StoredDecoder open_gguf_decoder(std::unique_ptr<TensorStore> store) {
  StoredDecoder stored;
  const Architecture& architecture = gguf_architecture(*store);
  stored.path = store->path();
  stored.config = read_gguf_config(*store);
  stored.map = architecture.gguf_tensors(stored.config);
  stored.metadata = store->metadata();
  stored.ignores = [](const std::string& name) { return name == "rope_freqs.weight"; };
  stored.store = std::move(store);
  return stored;
}

/// Files saved from a bare stack lack the prefix that files with a head have.
void drop_prefix_where_absent(const Architecture& architecture, const TensorStore& store, TensorMap& map) {
  const std::string prefix = architecture.hf_base_prefix();
  const bool present = std::any_of(store.tensors().begin(), store.tensors().end(),
                                   [&](const TensorView& tensor) { return tensor.name.starts_with(prefix); });
  if (present) {
    return;
  }
  for (TensorPlace& place : map) {
    if (place.stored.starts_with(prefix)) {
      place.stored.erase(0, prefix.size());
    }
  }
}

StoredDecoder open_folder_decoder(const fs::path& folder, std::unique_ptr<TensorStore> store) {
  StoredDecoder stored;
  stored.path = store->path();
  stored.metadata = read_json_file(folder / "config.json");
  stored.config = read_hf_folder_config(folder);
  const bool tied = stored.config.tied;
  if (stored.metadata.value("model_type", "") == "everform") {
    stored.map = identity_map(stored.config);
    stored.ignores = [](const std::string&) { return false; };
  } else {
    const Architecture* architecture = find_architecture(stored.config.architecture);
    stored.map = architecture->hf_tensors(stored.config);
    drop_prefix_where_absent(*architecture, *store, stored.map);
    // A tied head may be stored all the same; the table is what counts.
    stored.ignores = [architecture, tied](const std::string& name) {
      return architecture->hf_ignores(name) ||
             (tied && (name == "lm_head.weight" || name == "embed_out.weight"));
    };
  }
  stored.store = std::move(store);
  return stored;
}

}  // namespace

std::unique_ptr<DecoderCheckpoint> open_decoder(const std::filesystem::path& path) {
  std::unique_ptr<TensorStore> store = open_tensor_store(path);
  if (store->format() == "gguf") {
    return make_checkpoint(open_gguf_decoder(std::move(store)));
  }
  std::error_code code;
  const fs::path folder = fs::is_directory(path, code) ? path : path.parent_path();
  if (!fs::exists(folder / "config.json", code)) {
    throw Error(ErrorKind::kMissing, "reading " + path.string(), "there is no config.json beside the weights",
                "a decoder is a GGUF file or a folder with config.json and model.safetensors");
  }
  return make_checkpoint(open_folder_decoder(folder, std::move(store)));
}

}  // namespace everform
