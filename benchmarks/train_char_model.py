"""The PyTorch side of train_char_model.cpp: the same character model, weights and batches in eager mode.

Started by the C++ program with a folder that holds setup.json, weights.safetensors and batches.safetensors. Reads lines
"run N" from stdin; answers each with one JSON line {"seconds", "cpu_seconds", "losses"}. "quit" ends it.
"""

import json
import math
import os
import sys
import time

os.environ.setdefault("OMP_PROC_BIND", "false")

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


class Block(torch.nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.heads = heads
        self.norm1 = torch.nn.LayerNorm(width, bias=bias)
        self.qkv = torch.nn.Linear(width, 3 * width, bias=bias)
        self.out = torch.nn.Linear(width, width, bias=bias)
        self.norm2 = torch.nn.LayerNorm(width, bias=bias)
        self.up = torch.nn.Linear(width, 4 * width, bias=bias)
        self.down = torch.nn.Linear(4 * width, width, bias=bias)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(width, dim=2)
        q, k, v = (t.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2) for t in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).contiguous().view(batch, tokens, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class CharacterModel(torch.nn.Module):
    def __init__(self, vocabulary, width, depth, heads, context, bias):
        super().__init__()
        self.tokens = torch.nn.Embedding(vocabulary, width)
        self.positions = torch.nn.Embedding(context, width)
        self.blocks = torch.nn.ModuleList(Block(width, heads, bias) for _ in range(depth))
        self.norm = torch.nn.LayerNorm(width, bias=bias)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    def load(self, weights):
        own = dict(self.named_parameters())

        def put(name, tensor):
            with torch.no_grad():
                own.pop(name).copy_(tensor)

        put("tokens.weight", weights["model.embed_tokens.weight"])
        put("positions.weight", weights["model.embed_positions.weight"])
        kinds = [kind for kind in ("weight", "bias") if f"model.norm.{kind}" in weights]
        for kind in kinds:
            put(f"norm.{kind}", weights[f"model.norm.{kind}"])
        for i in range(len(self.blocks)):
            ours, theirs = f"blocks.{i}", f"model.layers.{i}"
            for kind in kinds:
                put(f"{ours}.norm1.{kind}", weights[f"{theirs}.input_layernorm.{kind}"])
                put(f"{ours}.norm2.{kind}", weights[f"{theirs}.post_attention_layernorm.{kind}"])
                put(f"{ours}.qkv.{kind}", torch.cat([weights[f"{theirs}.self_attn.{p}_proj.{kind}"] for p in "qkv"]))
                put(f"{ours}.out.{kind}", weights[f"{theirs}.self_attn.o_proj.{kind}"])
                put(f"{ours}.up.{kind}", weights[f"{theirs}.mlp.up_proj.{kind}"])
                put(f"{ours}.down.{kind}", weights[f"{theirs}.mlp.down_proj.{kind}"])
        assert not own, f"left at random: {list(own)}"


def rate(setup, step):
    """Linear warm-up, then half a cosine down to a tenth."""
    if step < setup["warmup"]:
        return setup["learning_rate"] * (step + 1) / setup["warmup"]
    share = (step - setup["warmup"]) / max(1, setup["steps"] - setup["warmup"])
    return setup["learning_rate"] * (0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))


def main(folder):
    with open(os.path.join(folder, "setup.json"), encoding="utf-8") as file:
        setup = json.load(file)
    torch.set_num_threads(setup["threads"])
    torch.set_num_interop_threads(1)
    model = CharacterModel(**setup["model"])
    model.load(load_file(os.path.join(folder, "weights.safetensors")))
    batches = load_file(os.path.join(folder, "batches.safetensors"))["tokens"]
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": setup["weight_decay"]}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=setup["learning_rate"],
                                  betas=(setup["beta1"], setup["beta2"]), eps=setup["epsilon"], fused=True)
    step = 0
    for line in sys.stdin:
        words = line.split()
        if words[0] == "quit":
            return
        losses = []
        began, cpu_began = time.perf_counter(), time.process_time()
        for _ in range(int(words[1])):
            for group in optimizer.param_groups:
                group["lr"] = rate(setup, step)
            tokens = batches[step % batches.shape[0]].long()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=setup["bf16"]):
                loss = model(tokens[:, :-1], tokens[:, 1:])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), setup["clip"])
            optimizer.step()
            losses.append(loss.detach())
            step += 1
        answer = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu_began,
                  "losses": [x.item() for x in losses]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
