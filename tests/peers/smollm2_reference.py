"""Writes what `transformers` makes of SmolLM2's dequantized weights: greedy tokens, and the NLL of a text.

    python -m venv venv && venv/bin/pip install torch==2.13.0 transformers accelerate gguf
    venv/bin/python tests/peers/smollm2_reference.py MODEL.gguf TEXT OUT.json

The weights are read by PyPI's `gguf`, in float32; attention is the eager one. The text is scored as one window of its first 4,096
tokens; of greedy tokens the gap between the two largest logits is kept, as a near tie may fall either way elsewhere.
"""

import hashlib
import json
import os
import sys

import torch
import transformers

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    ",
    "In the winter of 1789, the harbour of the small town",
]
NEW_TOKENS = 64
SCORED_TOKENS = 4096


@torch.no_grad()
def greedy(model, tokenizer, prompt):
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    tokens, gaps = [], []
    out = model(torch.tensor([ids]), use_cache=True)
    while True:
        top = out.logits[0, -1].topk(2)
        tokens.append(top.indices[0].item())
        gaps.append(round((top.values[0] - top.values[1]).item(), 6))
        if len(tokens) == NEW_TOKENS:
            return {"prompt": prompt, "prompt_tokens": ids, "tokens": tokens, "gaps": gaps}
        out = model(torch.tensor([tokens[-1:]]), past_key_values=out.past_key_values, use_cache=True)


@torch.no_grad()
def score(model, tokens):
    logits = model(torch.tensor([tokens])).logits[0, :-1].double()
    nll = -torch.log_softmax(logits, -1)[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])]
    return nll


def main(gguf, text_file, out):
    folder, file = os.path.split(os.path.abspath(gguf))
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=file, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
    with open(text_file, encoding="utf-8") as stream:
        text = stream.read()
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"][:SCORED_TOKENS]
    nll = score(model, tokens)
    figures = {
        "made_by": f"transformers {transformers.__version__}, torch {torch.__version__}, float32, eager attention",
        "model_sha256": hashlib.sha256(open(gguf, "rb").read()).hexdigest(),
        "greedy": [greedy(model, tokenizer, prompt) for prompt in PROMPTS],
        "text": {
            "tokens": len(tokens),
            "token_ids_sha256": hashlib.sha256(" ".join(map(str, tokens)).encode()).hexdigest(),
            "mean_nll": nll.mean().item(),
            "mean_nll_of_first": {str(n): nll[: n - 1].mean().item() for n in (256, 1024, 4096)},
        },
    }
    rows = ",\n  ".join(json.dumps(row) for row in figures.pop("greedy"))
    rest = json.dumps(figures, indent=1)
    with open(out, "w", encoding="utf-8") as stream:
        stream.write(rest[:-2] + ',\n "greedy": [\n  ' + rows + "\n ]\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
