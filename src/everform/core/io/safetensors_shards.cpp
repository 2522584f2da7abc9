#include <map>

#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/mapped_file.h"
#include "everform/core/io/safetensors.h"

namespace everform {

namespace {

class ShardedSafetensors final : public TensorStore {
 public:
  explicit ShardedSafetensors(const std::filesystem::path& index) : where_("reading " + index.string()) {
    path_ = index;
    const nlohmann::json json = read_json_file(index, kSafetensorsLongestHeader);
    if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
      fail("it has no weight_map");
    }
    if (json.contains("metadata") && json["metadata"].is_object()) {
      metadata_ = json["metadata"];
    }
    open_shards(json["weight_map"]);
  }

  std::string format() const override { return "safetensors"; }
  const std::vector<TensorView>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return metadata_; }
  void release(const TensorView& tensor) const override { release_pages(tensor.data); }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where_, problem);
  }

  /// A shard lies beside its index: a name that leads elsewhere is an attack or a mistake.
  void check_name(const nlohmann::json& file) const {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || name.find('/') != std::string::npos || name.find('\0') != std::string::npos ||
        !name.ends_with(".safetensors")) {
      fail("weight_map names \"" + printable(name) + "\", which is no .safetensors file beside it");
    }
  }

  void open_shards(const nlohmann::json& weight_map) {
    std::map<std::string, std::size_t> listed;
    for (const auto& [tensor, file] : weight_map.items()) {
      check_name(file);
      ++listed[file.get<std::string>()];
    }
    for (const auto& [name, count] : listed) {
      shards_.push_back(open_safetensors(path_.parent_path() / name));
      for (const TensorView& tensor : shards_.back()->tensors()) {
        const auto found = weight_map.find(tensor.name);
        if (found == weight_map.end() || *found != name) {
          fail("the tensor \"" + printable(tensor.name) + "\" of " + name + " is not listed for it");
        }
        tensors_.push_back(tensor);
      }
      if (shards_.back()->tensors().size() != count) {
        fail(std::to_string(count) + " tensors are listed for " + name + ", which holds " +
             std::to_string(shards_.back()->tensors().size()));
      }
    }
  }

  std::string where_;
  std::vector<std::unique_ptr<TensorStore>> shards_;
  std::vector<TensorView> tensors_;
  nlohmann::json metadata_ = nlohmann::json::object();
};

}  // namespace

std::unique_ptr<TensorStore> open_sharded_safetensors(const std::filesystem::path& index) {
  return std::make_unique<ShardedSafetensors>(index);
}

}  // namespace everform
