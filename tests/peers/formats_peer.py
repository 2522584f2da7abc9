#!/usr/bin/env python3
"""Compares the files that `everform convert` writes with llama.cpp, gguf and transformers.

Run by hand in an environment of its own (llama-cpp-python is built from source, about 20 minutes on two cores):

    python3 -m venv venv && venv/bin/pip install numpy gguf safetensors torch==2.13.0 transformers llama-cpp-python
    venv/bin/python tests/peers/formats_peer.py --everform build/release/bin/everform

For SmolLM2-135M-Instruct (the bundled model), and every type that `convert` writes:
  * the file loads in llama.cpp;
  * every tensor, dequantized by the package gguf, is bit for bit what Everform reads (through `convert --to safetensors`);
  * the mean KL divergence of llama.cpp's next-token distribution from the float reading of the same file is at most 0.02. The float reading
    is Everform's dequantized weights in transformers, float32;
  * the same figure against the float reading of the source file is printed beside it, for information: it is the price of the type itself.
For F32 the greedy continuations of three prompts are the same (a flip only where the top two logits differ by less than 1e-3).
The Hugging Face folder loads in AutoModelForCausalLM and AutoTokenizer, which cuts text into the tokens that llama.cpp gives; a GGUF written
from that folder gives the same tensors.
For tiny random models of the other families (made by transformers) the logits of the folder, of the folder that Everform writes again and of
the GGUF file in llama.cpp agree.

Prints one JSON object; exits 1 where a check fails.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import torch
import transformers
from llama_cpp import Llama
from safetensors.numpy import load_file

TYPES = ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k"]
MODEL = "smollm2-135m-instruct"
PROMPTS = ["The capital of France is", "Once upon a time there was a", "Water boils at"]
TEXT = (
    "Generative models learn the distribution of their data. A language model reads a text one token at a time and says, after each of them, "
    "how probable every token of its vocabulary is as the next one. In 1948 Claude Shannon measured the entropy of printed English with such "
    "guesses; seventy years later networks with billions of weights make them. Their files are large: a weight in single precision takes four "
    "bytes, so that even a small model fills half a gigabyte. Rounding the weights to a grid of sixteen levels, with a scale for every block of "
    "thirty-two, shrinks it to a seventh. The art lies in choosing the scale: if the largest weight decides, the others get too coarse a grid, and "
    "if it is clipped, the very weights on which the model leans are wrong. The river rose in the night, and by morning the lower fields had "
    "become a lake on which the village's boats, untied by nobody, drifted about among the tops of the apple trees.\n"
)


class Checks:
    def __init__(self):
        self.failures = []

    def require(self, good, what):
        if not good:
            self.failures.append(what)
            print("FAILED: " + what, file=sys.stderr)


def convert(everform, source, out, *options):
    command = [everform, "convert", str(source), "--out", str(out), "--json", "--yes", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(" ".join(command) + "\n" + done.stdout + done.stderr)
    return json.loads(done.stdout)


def transformers_logits(folder, tokens):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0], model


def llama_logits(model, tokens):
    model.reset()
    model.eval(tokens)
    return torch.from_numpy(np.array(model.scores[: len(tokens)], dtype=np.float32))


def open_llama(path, context):
    return Llama(str(path), n_ctx=context, n_batch=context, logits_all=True, verbose=False)


def mean_kl(p_logits, q_logits):
    p = torch.log_softmax(p_logits.double(), -1)
    q = torch.log_softmax(q_logits.double(), -1)
    return (p.exp() * (p - q)).sum(-1).mean().item()


def half_split_rows(weights, heads):
    """GGUF's interleaved rotary rows in Hugging Face's order."""
    rows = weights.shape[0]
    return weights.reshape(heads, rows // heads // 2, 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def gguf_as_hf(path, config):
    """All tensors of a llama GGUF file, dequantized by gguf, under Hugging Face's names."""
    names = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight", "output.weight": "lm_head.weight"}
    parts = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj"}
    tensors = {}
    for tensor in gguf.GGUFReader(path).tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        name = names.get(tensor.name)
        if name is None:
            _, layer, part, _ = tensor.name.split(".")
            name = f"model.layers.{layer}.{parts[part]}.weight"
            if part == "attn_q":
                values = half_split_rows(values, config["num_attention_heads"])
            if part == "attn_k":
                values = half_split_rows(values, config["num_key_value_heads"])
        tensors[name] = values
    return tensors


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(np.ascontiguousarray(a).view(np.uint32), np.ascontiguousarray(b).view(np.uint32))


def check_type(everform, kind, work, tokens, source_logits, checks):
    path = work / f"{kind}.gguf"
    folder = work / f"{kind}-read"
    written = convert(everform, MODEL, path, "--to", "gguf", "--type", kind)
    convert(everform, path, folder, "--to", "safetensors", "--type", "f32")
    config = json.loads((folder / "config.json").read_text())
    ours = load_file(folder / "model.safetensors")
    theirs = gguf_as_hf(path, config)
    checks.require(ours.keys() == theirs.keys(), f"{kind}: the tensors' names")
    differing = [name for name in theirs if not same_bits(ours[name], theirs[name])]
    checks.require(not differing, f"{kind}: bits of {differing[:3]}")
    logits, model = transformers_logits(folder, tokens)
    peer = open_llama(path, 512)
    peer_logits = llama_logits(peer, tokens)
    kl = mean_kl(logits, peer_logits)
    checks.require(kl <= 0.02, f"{kind}: KL {kl}")
    if kind == "f32":
        check_greedy(model, peer, checks)
    types = {}
    for tensor in gguf.GGUFReader(path).tensors:
        types[tensor.tensor_type.name] = types.get(tensor.tensor_type.name, 0) + 1
    return {"bytes": written["bytes"], "types": types, "same_bits": not differing, "kl_to_float_reading": round(kl, 6),
            "kl_to_source": round(mean_kl(source_logits, logits), 6)}


def check_greedy(model, peer, checks):
    """Both follow the same path where, at every step along our greedy one, llama.cpp's first choice is our token."""
    for prompt in PROMPTS:
        prefix = peer.tokenize(prompt.encode(), add_bos=False)
        with torch.no_grad():
            path = model.generate(torch.tensor([prefix]), max_new_tokens=64, min_new_tokens=64, do_sample=False)[0].tolist()
            ours = model(torch.tensor([path])).logits[0]
        theirs = llama_logits(peer, path)
        for at in range(len(prefix) - 1, len(path) - 1):
            top = torch.topk(ours[at], 2).values
            near = (top[0] - top[1]).item() < 1e-3
            checks.require(ours[at].argmax() == theirs[at].argmax() or near, f"greedy token {at + 1} of {prompt!r}")


def check_folder(everform, work, checks):
    folder = work / "folder"
    convert(everform, MODEL, folder, "--to", "safetensors")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    peer = Llama(str(work / "f32.gguf"), vocab_only=True, verbose=False)
    for text in PROMPTS + [TEXT, "12345 + 67 = ", "naïve café 東京 🙂\n\n  indented\tcode", "<|im_start|>user"]:
        ours = tokenizer(text)["input_ids"]
        checks.require(ours == peer.tokenize(text.encode(), add_bos=False, special=True), f"tokens of {text[:30]!r}")
        checks.require(tokenizer.decode(ours, clean_up_tokenization_spaces=False) == text, f"text of {text[:30]!r}")
    rendered = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True)
    checks.require(rendered.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"), "the chat template")
    convert(everform, folder, work / "from-folder.gguf", "--to", "gguf", "--type", "f32")
    first = {t.name: t for t in gguf.GGUFReader(work / "f32.gguf").tensors}
    second = {t.name: t for t in gguf.GGUFReader(work / "from-folder.gguf").tensors}
    same = first.keys() == second.keys() and all(np.array_equal(first[n].data.view(np.uint8), second[n].data.view(np.uint8)) for n in first)
    checks.require(same, "GGUF from the folder")
    again = Llama(str(work / "from-folder.gguf"), vocab_only=True, verbose=False)
    checks.require(again.tokenize(TEXT.encode(), add_bos=False) == peer.tokenize(TEXT.encode(), add_bos=False), "tokens of the GGUF from the folder")
    return {"transformers": transformers.__version__, "tokenizer": type(tokenizer).__name__}


def tiny_models():
    common = {"vocab_size": 96, "bos_token_id": 1, "eos_token_id": 2}
    t = transformers
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64}
    llama3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 8192}
    yield "llama", t.LlamaForCausalLM(t.LlamaConfig(**common, **sizes, intermediate_size=96, num_key_value_heads=2, tie_word_embeddings=True))
    yield "llama3-scaling", t.LlamaForCausalLM(t.LlamaConfig(**common, **sizes, intermediate_size=96, rope_parameters=llama3))
    yield "mistral", t.MistralForCausalLM(t.MistralConfig(**common, **sizes, intermediate_size=96, num_key_value_heads=2, sliding_window=None))
    yield "qwen2", t.Qwen2ForCausalLM(t.Qwen2Config(**common, **sizes, intermediate_size=96, num_key_value_heads=2))
    yield "gpt2", t.GPT2LMHeadModel(t.GPT2Config(**common, n_embd=64, n_layer=2, n_head=4, n_positions=64))
    yield "gpt_neox", t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**common, **sizes, intermediate_size=128))
    yield "opt", t.OPTForCausalLM(t.OPTConfig(**common, **sizes, ffn_dim=128, word_embed_proj_dim=64, pad_token_id=1))
    yield "bloom", t.BloomForCausalLM(t.BloomConfig(**common, hidden_size=64, n_layer=2, n_head=4))
    yield "falcon", t.FalconForCausalLM(t.FalconConfig(**common, **sizes))
    yield "falcon-40b", t.FalconForCausalLM(t.FalconConfig(**common, **sizes, new_decoder_architecture=True, num_kv_heads=2))
    yield "mpt", t.MptForCausalLM(t.MptConfig(**common, d_model=64, n_layers=2, n_heads=4, max_seq_len=64))


def check_families(everform, work, checks):
    figures = {}
    tokens = [3, 17, 5, 90, 44, 44, 8, 61, 29, 70, 12, 33]
    for name, model in tiny_models():
        torch.manual_seed(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0.0, 0.2)
        folder = work / name
        model.eval().save_pretrained(folder)
        expected, _ = transformers_logits(folder, tokens)
        convert(everform, folder, work / (name + "-again"), "--to", "safetensors")
        again, _ = transformers_logits(work / (name + "-again"), tokens)
        checks.require(torch.equal(expected, again), f"{name}: written again")
        figures[name] = {"written_again": torch.equal(expected, again)}
        if name == "opt":
            continue
        convert(everform, folder, work / (name + ".gguf"), "--to", "gguf", "--type", "f32")
        peer = llama_logits(open_llama(work / (name + ".gguf"), 64), tokens)
        # llama.cpp looks GELU up in a table of halves, and knows only its tanh form.
        worst = (expected - peer).abs().max().item() / expected.abs().max().item()
        checks.require(worst < 1e-2, f"{name}: llama.cpp is {worst} off")
        figures[name]["llama_cpp_relative_difference"] = float(f"{worst:.3g}")
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--everform", required=True)
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    checks = Checks()
    report = {"types": {}}
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        report["families"] = check_families(options.everform, work, checks)
        convert(options.everform, MODEL, work / "source", "--to", "safetensors", "--type", "f32")
        convert(options.everform, MODEL, work / "f32.gguf", "--to", "gguf", "--type", "f32")
        report["folder"] = check_folder(options.everform, work, checks)
        tokens = Llama(str(work / "f32.gguf"), vocab_only=True, verbose=False).tokenize((TEXT + TEXT[::-1]).encode(), add_bos=False)[:400]
        source_logits, _ = transformers_logits(work / "source", tokens)
        for kind in options.types.split(","):
            report["types"][kind] = check_type(options.everform, kind, work, tokens, source_logits, checks)
            print(kind, report["types"][kind], file=sys.stderr)
    report["failures"] = checks.failures
    print(json.dumps(report, indent=1))
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
