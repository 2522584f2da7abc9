#include "everform/systems/stack_recipe.h"

namespace everform {

void add_stack_keys(RecipeSchema& schema, const StackDefaults& defaults) {
  schema.integer("model.width", defaults.width, "width of the residual stream", defaults.least_width, 65536)
      .integer("model.depth", defaults.depth, "blocks", 1, 1000)
      .integer("model.heads", defaults.heads, "attention heads", 1, 1024)
      .number("model.initial_deviation", 0.02, "standard deviation of the initial weights", 0.0, 10.0);
}

TransformerConfig gpt2_stack(const Recipe& recipe, std::int64_t context) {
  const std::int64_t width = recipe.integer("model.width");
  const std::int64_t heads = recipe.integer("model.heads");
  return {.width = width,
          .depth = recipe.integer("model.depth"),
          .heads = heads,
          .kv_heads = heads,
          .head_width = width / heads,
          .ff_width = 4 * width,
          .context = context,
          .norm = NormKind::kLayerNorm,
          .norm_bias = true,
          .positions = PositionKind::kLearned,
          .activation = Activation::kGeluTanh,
          .gated_mlp = false,
          .qkv_bias = true,
          .attention_output_bias = true,
          .mlp_bias = true};
}

std::int64_t vector_stack_parameters(const TransformerConfig& config, const std::string& mixer,
                                     std::int64_t width_in, std::int64_t width_out) {
  // Beside the four matrices of attention: retention's gate, the LSTM's other four.
  const std::int64_t matrices = mixer == "retention" ? 1 : mixer == "lstm" ? 4 : 0;
  const std::int64_t ends = config.width * (width_in + 1) + width_out * (config.width + 1);
  return parameter_count(config) + config.depth * matrices * config.width * config.width + ends;
}

}  // namespace everform
