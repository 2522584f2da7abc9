// Where a decoder's canonical tensors lie in a file of some architecture: one table serves reading and
// writing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "everform/core/recipes/transformer_config.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform {

/// Row of the stored tensor that holds row r of the canonical one.
using RowMap = std::function<std::int64_t(std::int64_t)>;

struct TensorPlace {
  std::string canonical;
  std::vector<std::int64_t> shape;  ///< of the canonical tensor
  std::string stored;
  std::vector<std::int64_t> stored_shape;
  bool transposed = false;  ///< stored as [in, out] (GPT-2's Conv1D); rows are those after transposing back
  RowMap row;               ///< empty: canonical row r is stored row r
};

/// In the stack's order. Several canonical tensors may share a stored one; together they cover all of its
/// rows.
using TensorMap = std::vector<TensorPlace>;

/// Rows of a fused tensor that hold the queries', keys' and values' rows.
struct QkvRows {
  RowMap query;
  RowMap key;
  RowMap value;
};

/// Builds a TensorMap: takes each canonical tensor of a configuration in turn and is told where it lies.
class TensorMapBuilder {
 public:
  explicit TensorMapBuilder(const TransformerConfig& config);

  /// The canonical tensor where the configuration has it: stored under a name as it is; does nothing where
  /// the configuration lacks it.
  TensorMapBuilder& as_is(const std::string& canonical, const std::string& stored);
  /// Both ".weight" and ".bias".
  TensorMapBuilder& pair(const std::string& canonical, const std::string& stored);
  /// Weight stored as [in, out], and bias.
  TensorMapBuilder& transposed_pair(const std::string& canonical, const std::string& stored);
  /// Weight and bias with their rows in another order.
  TensorMapBuilder& permuted_pair(const std::string& canonical, const std::string& stored, const RowMap& row);
  /// q_proj, k_proj and v_proj (weights, biases) of a layer in one stored pair; the maps give each one's
  /// rows.
  TensorMapBuilder& fused_qkv(std::int64_t layer, const std::string& stored, const QkvRows& rows,
                              bool transposed = false);

  /// The table, in the stack's order. Throws Error{kFailed} where a canonical tensor has no place: an error
  /// of the table's author.
  TensorMap finish();

 private:
  void place(const std::string& canonical, const std::string& stored, std::int64_t stored_rows,
             bool transposed, const RowMap& row);

  const TransformerConfig& config_;
  std::vector<NamedShape> tensors_;
  std::map<std::string, std::size_t> index_;  ///< into tensors_
  std::map<std::string, TensorPlace> places_;
};

/// One block after the other: queries, keys, values.
QkvRows stacked_qkv_rows(const TransformerConfig& config);
/// For every key-value head: its query heads, its key head, its value head (with as many key-value heads as
/// heads: q, k, v per head).
QkvRows grouped_qkv_rows(const TransformerConfig& config);
/// Row r of a head in half-split rotary order lies at 2*i+s of the interleaved one, where r = i + s *
/// head_width/2.
RowMap interleaved_rotary_rows(std::int64_t head_width);

}  // namespace everform
