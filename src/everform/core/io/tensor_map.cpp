#include "everform/core/io/tensor_map.h"

#include <utility>

#include "everform/core/base/error.h"

namespace everform {

TensorMapBuilder::TensorMapBuilder(const TransformerConfig& config)
    : config_(config), tensors_(transformer_tensors(config)) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    index_[tensors_[i].name] = i;
  }
}

void TensorMapBuilder::place(const std::string& canonical, const std::string& stored,
                             std::int64_t stored_rows, bool transposed, const RowMap& row) {
  const auto found = index_.find(canonical);
  if (found == index_.end()) {
    return;
  }
  const std::vector<std::int64_t>& own_shape = tensors_[found->second].shape;
  std::vector<std::int64_t> shape = own_shape;
  if (stored_rows > 0) {
    shape.front() = stored_rows;
  }
  const bool turned = transposed && shape.size() == 2;
  if (turned) {
    std::swap(shape[0], shape[1]);
  }
  places_[canonical] = {canonical, own_shape, stored, std::move(shape), turned, row};
}

TensorMapBuilder& TensorMapBuilder::as_is(const std::string& canonical, const std::string& stored) {
  place(canonical, stored, 0, false, nullptr);
  return *this;
}

TensorMapBuilder& TensorMapBuilder::pair(const std::string& canonical, const std::string& stored) {
  return permuted_pair(canonical, stored, nullptr);
}

TensorMapBuilder& TensorMapBuilder::transposed_pair(const std::string& canonical, const std::string& stored) {
  for (const char* part : {".weight", ".bias"}) {
    place(canonical + part, stored + part, 0, true, nullptr);
  }
  return *this;
}

TensorMapBuilder& TensorMapBuilder::permuted_pair(const std::string& canonical, const std::string& stored,
                                                  const RowMap& row) {
  for (const char* part : {".weight", ".bias"}) {
    place(canonical + part, stored + part, 0, false, row);
  }
  return *this;
}

TensorMapBuilder& TensorMapBuilder::fused_qkv(std::int64_t layer, const std::string& stored,
                                              const QkvRows& rows, bool transposed) {
  const std::int64_t stored_rows = (config_.heads + 2 * config_.kv_heads) * config_.head_width;
  for (const char* part : {".weight", ".bias"}) {
    place(layer_tensor(layer, "self_attn.q_proj") + part, stored + part, stored_rows, transposed, rows.query);
    place(layer_tensor(layer, "self_attn.k_proj") + part, stored + part, stored_rows, transposed, rows.key);
    place(layer_tensor(layer, "self_attn.v_proj") + part, stored + part, stored_rows, transposed, rows.value);
  }
  return *this;
}

TensorMap TensorMapBuilder::finish() {
  TensorMap map;
  for (const NamedShape& tensor : tensors_) {
    const auto found = places_.find(tensor.name);
    if (found == places_.end()) {
      throw Error(ErrorKind::kFailed, "mapping the tensors of " + config_.architecture,
                  tensor.name + " has no place in this architecture's files");
    }
    map.push_back(std::move(found->second));
  }
  return map;
}

QkvRows stacked_qkv_rows(const TransformerConfig& config) {
  const std::int64_t queries = config.heads * config.head_width;
  const std::int64_t keys = config.kv_heads * config.head_width;
  return {[](std::int64_t r) { return r; }, [=](std::int64_t r) { return queries + r; },
          [=](std::int64_t r) { return queries + keys + r; }};
}

QkvRows grouped_qkv_rows(const TransformerConfig& config) {
  const std::int64_t width = config.head_width;
  const std::int64_t queries = config.heads / config.kv_heads * width;  // of one group
  const std::int64_t group = queries + 2 * width;
  return {[=](std::int64_t r) { return r / queries * group + r % queries; },
          [=](std::int64_t r) { return r / width * group + queries + r % width; },
          [=](std::int64_t r) { return r / width * group + queries + width + r % width; }};
}

RowMap interleaved_rotary_rows(std::int64_t head_width) {
  const std::int64_t half = head_width / 2;
  return [=](std::int64_t r) {
    const std::int64_t inside = r % head_width;
    return r - inside + 2 * (inside % half) + inside / half;
  };
}

}  // namespace everform
