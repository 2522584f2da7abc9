#!/usr/bin/env python3
"""Encoding speed on one thread: Everform against tiktoken (PyPI), same vocabulary, same text, turn by turn in one run.

    python3 -m venv venv && venv/bin/pip install tiktoken
    venv/bin/python benchmarks/tokenizer_vs_tiktoken.py ENGLISH.txt [--everform build/release/bin/everform]

The text is repeated up to --megabytes. Prints one JSON object: the speeds, their ratio (medians), and how much longer a byte of a 1 MB run of
one letter takes than a byte of English. Exits 1 where a bar (--ratio, --run) is missed or the tokens differ.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tiktoken

# Individual digits first, GPT-2's pattern between them, as one pattern: white space before a digit stands at the end of its part.
PATTERN = r"""\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"""


def byte_of_character():
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


class Everform:
    def __init__(self, program, model):
        self.program, self.model = program, model

    def run(self, *arguments):
        return json.loads(subprocess.run([self.program, *arguments, "--json"], check=True, capture_output=True).stdout)

    def ranks(self):
        metadata = self.run("inspect", self.model)["metadata"]
        table = byte_of_character()
        ranks = {}
        for rank, (piece, kind) in enumerate(zip(metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"])):
            if kind == 1:
                ranks[bytes(table[character] for character in piece)] = rank
        return ranks

    def bytes_per_second(self, path):
        return self.run("benchmark", self.model, "--tokenizer", str(path), "--repeat", "1")["tests"][0]["bytes_per_second"][0]

    def tokens(self, path):
        return self.run("tokenize", self.model, "--text-file", str(path), "--add-specials", "no")["tokens"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--everform", default="build/release/bin/everform")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--megabytes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ratio", type=float, default=1.5, help="bar: Everform over tiktoken, at least")
    parser.add_argument("--run", type=float, default=2.0, help="bar: a run of one letter over English, time per byte, at most")
    options = parser.parse_args()

    everform = Everform(options.everform, options.model)
    encoding = tiktoken.Encoding("model", pat_str=PATTERN, mergeable_ranks=everform.ranks(), special_tokens={})
    source = options.text.read_text(encoding="utf-8")
    text = source * (options.megabytes * 2**20 // len(source.encode()) + 1)
    text = text.encode()[: options.megabytes * 2**20].decode("utf-8", errors="ignore")
    size = len(text.encode())

    with tempfile.TemporaryDirectory() as folder:
        english, run, sample = (Path(folder) / name for name in ("english.txt", "run.txt", "sample.txt"))
        english.write_bytes(text.encode())
        run.write_bytes(b"a" * 2**20)
        sample.write_bytes(text[:200_000].encode())
        same = everform.tokens(sample) == encoding.encode_ordinary(text[:200_000])
        ours, theirs, runs = [], [], []
        for _ in range(options.rounds):
            ours.append(everform.bytes_per_second(english))
            begin = time.perf_counter()
            encoding.encode_ordinary(text)
            theirs.append(size / (time.perf_counter() - begin))
            runs.append(everform.bytes_per_second(run))

    ratio = statistics.median(ours) / statistics.median(theirs)
    longer = statistics.median(ours) / statistics.median(runs)
    print(json.dumps({"bytes": size, "everform_bytes_per_second": ours, "tiktoken_bytes_per_second": theirs,
                      "run_bytes_per_second": runs, "ratio": ratio, "run_time_per_byte_over_english": longer, "same_tokens": same}))
    return 0 if same and ratio >= options.ratio and longer <= options.run else 1


if __name__ == "__main__":
    sys.exit(main())
