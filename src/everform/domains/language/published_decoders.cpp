#include "everform/domains/language/published_decoders.h"

#include <algorithm>

namespace everform {

const std::vector<PublishedDecoder>& published_decoders() {
  static const std::vector<PublishedDecoder> decoders = {
      {"llama2-7b",
       R"({"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 4096,
        "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": false})",
       6'738'415'616},
      {"tinyllama-1.1b",
       R"({"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632,
        "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4, "max_position_embeddings": 2048,
        "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": false})",
       1'100'048'384},
      {"gpt2",
       R"({"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05})",
       124'439'808},
      {"pythia-70m",
       R"({"model_type": "gpt_neox", "vocab_size": 50304, "hidden_size": 512, "intermediate_size": 2048,
        "num_hidden_layers": 6, "num_attention_heads": 8, "max_position_embeddings": 2048, "hidden_act": "gelu",
        "layer_norm_eps": 1e-05, "rotary_pct": 0.25, "rotary_emb_base": 10000, "use_parallel_residual": true,
        "tie_word_embeddings": false})",
       70'426'624},
      {"qwen2.5-0.5b",
       R"({"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768,
        "hidden_act": "silu", "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": true})",
       494'032'768},
      {"smollm2-135m",
       R"({"model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 8192,
        "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 100000, "tie_word_embeddings": true})",
       134'515'008},
  };
  return decoders;
}

const PublishedDecoder* find_published_decoder(const std::string& name) {
  const auto found = std::find_if(published_decoders().begin(), published_decoders().end(),
                                  [&](const PublishedDecoder& decoder) { return decoder.name == name; });
  return found == published_decoders().end() ? nullptr : &*found;
}

}  // namespace everform
