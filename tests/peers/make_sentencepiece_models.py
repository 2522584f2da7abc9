#!/usr/bin/env python3
"""Writes two small SentencePiece models and what SentencePiece's own Python package (PyPI, 0.2) makes of some texts.

    python3 -m venv venv && venv/bin/pip install sentencepiece tokenizers
    venv/bin/python tests/peers/make_sentencepiece_models.py tests/core/text/data
"""
import io
import json
import sys
from pathlib import Path

import sentencepiece

from make_tokenizer_answers import CORPUS, TEXTS


def train(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in CORPUS if text.isascii() for line in text.split("\n")), model_writer=model, vocab_size=600,
        hard_vocab_limit=False, normalization_rule_name="identity", minloglevel=2, num_threads=1, **options)
    return model.getvalue()


def main():
    out = Path(sys.argv[1])
    answers = {}
    for name, options in [("bpe", {"model_type": "bpe", "byte_fallback": True}),
                          ("unigram", {"model_type": "unigram", "user_defined_symbols": ["<sep>"]})]:
        model = train(**options)
        (out / f"sentencepiece_{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        ids = [processor.encode(text) for text in TEXTS]
        answers[name] = {"ids": ids, "decoded": [processor.decode(row) for row in ids]}
    text = json.dumps({"texts": TEXTS, "answers": answers}, ensure_ascii=False, separators=(",", ":"))
    (out / "sentencepiece_answers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
