"""Writes what `transformers` computes for two small T5 networks whose weights are a formula of their names.

    venv/bin/python tests/peers/t5_reference.py tests/workbench/models/data/t5_reference.json
"""

import json
import sys

import torch
import transformers

COMMON = dict(vocab_size=48, d_model=24, d_kv=8, d_ff=40, num_layers=2, num_heads=3, dropout_rate=0.0,
              relative_attention_num_buckets=8, relative_attention_max_distance=20, decoder_start_token_id=0,
              pad_token_id=0, eos_token_id=1)
NETWORKS = {
    "tied_relu": dict(feed_forward_proj="relu", tie_word_embeddings=True, num_decoder_layers=3),
    "free_gated": dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False, num_decoder_layers=2),
}


def formula(name, shape):
    """u - 1/2 with u the fraction of 43758.5453 sin(12.9898 i + sum of the name's bytes); gains 1 + 0.2 of it."""
    count = 1
    for extent in shape:
        count *= extent
    wave = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + sum(name.encode())) * 43758.5453
    wave = (wave - wave.floor() - 0.5).reshape(shape)
    return (1.0 + 0.2 * wave if name.endswith("layer_norm.weight") else wave).float()


def main(out):
    report = {}
    for label, own in NETWORKS.items():
        config = transformers.T5Config(**COMMON, **own)
        model = transformers.T5ForConditionalGeneration(config).eval()
        tied = own["tie_word_embeddings"]
        if not tied:  # what loading a checkpoint with a head of its own does
            model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
        tensors = {name: tensor for name, tensor in model.state_dict().items() if "embed_tokens" not in name}
        if tied:
            tensors.pop("lm_head.weight", None)
        with torch.no_grad():
            for name, tensor in tensors.items():
                tensor.copy_(formula(name, tuple(tensor.shape)))
            source = torch.tensor([[5, 9, 13, 2, 30, 31, 7, 44, 3, 3, 12, 1] * 3])
            target = torch.tensor([[0, 4, 8, 15, 16, 23, 42]])
            logits = model(input_ids=source, decoder_input_ids=target).logits[0]
            generated = model.generate(source, max_new_tokens=12, do_sample=False, use_cache=False)[0]
        own_config = {key: value for key, value in {**COMMON, **own}.items()}
        own_config.update(model_type="t5", is_encoder_decoder=True, layer_norm_epsilon=config.layer_norm_epsilon)
        report[label] = {
            "config": own_config,
            "tensors": {name: list(tensor.shape) for name, tensor in tensors.items()},
            "source": source[0].tolist(),
            "target": target[0].tolist(),
            "logits": [[round(x, 6) for x in row] for row in logits.tolist()],
            "generated": generated[1:].tolist(),
        }
    report["versions"] = {"torch": torch.__version__, "transformers": transformers.__version__}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(report, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
