#include "everform/workbench/models/encoder_decoder.h"

#include <torch/types.h>

namespace everform {

namespace {

TransformerOptions without_head(TransformerOptions options) {
  options.head = false;
  return options;
}

TransformerOptions with_memory(TransformerOptions options, std::int64_t width) {
  options.memory_width = width;
  return options;
}

}  // namespace

EncoderDecoder::EncoderDecoder(const TransformerConfig& encoder_config, TransformerOptions encoder_options,
                               const TransformerConfig& decoder_config, TransformerOptions decoder_options,
                               bool share_tokens) {
  encoder = register_module("encoder",
                            std::make_shared<Transformer>(encoder_config, without_head(encoder_options)));
  decoder = register_module(
      "decoder",
      std::make_shared<Transformer>(decoder_config, with_memory(decoder_options, encoder_config.width)));
  if (share_tokens) {
    // Named once, under the decoder, so that an optimizer does not see it twice.
    encoder->model->unregister_module("embed_tokens");
    encoder->model->embed_tokens = decoder->model->embed_tokens;
  }
}

torch::Tensor EncoderDecoder::forward(const torch::Tensor& source, const torch::Tensor& target,
                                      const torch::Tensor& source_mask) {
  const torch::Tensor memory = encoder->forward({.tokens = source, .key_mask = source_mask});
  return decoder->logits(decoder->forward({.tokens = target, .memory = memory, .memory_mask = source_mask}));
}

std::vector<std::int64_t> EncoderDecoder::generate(const torch::Tensor& source, std::int64_t start,
                                                   std::int64_t end, std::int64_t max_tokens) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor memory = encoder->forward({.tokens = source});
  const auto state = decoder->new_state();
  std::vector<std::int64_t> out;
  std::int64_t token = start;
  while (static_cast<std::int64_t>(out.size()) < max_tokens) {
    const torch::Tensor fed = torch::full({1, 1}, token, source.options());
    const torch::Tensor hidden = decoder->forward({.tokens = fed, .memory = memory, .state = state.get()});
    token = decoder->logits(hidden).argmax(-1).item<std::int64_t>();
    if (token == end) {
      break;
    }
    out.push_back(token);
  }
  return out;
}

}  // namespace everform
