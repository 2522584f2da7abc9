"""Writes the sentence embeddings of all-MiniLM-L6-v2 as `transformers` computes them.

    python -m venv venv && venv/bin/pip install 'torch==2.13.0' transformers
    venv/bin/python tests/peers/minilm_reference.py MODEL_FOLDER tests/workbench/models/data/minilm_reference.json

Mean over all tokens, unit length, texts cut at 256 tokens: the model card's own recipe.
"""

import json
import sys

import torch
import transformers

SENTENCES = [
    "A cat sits on the mat.",
    "A kitten is lying on a rug.",
    "The stock market fell sharply on Tuesday.",
    "",
    "a",
    "Hello, world! 1234567890 -- (brackets) [and] {braces} #hash @at $5.00 50%",
    "Émile Zola écrivit « J'accuse… ! » à Paris.",
    "München, Zürich und Kraków liegen nicht am Meer; naïve façade, coöperate.",
    "東京は日本の首都です。",
    "Привет, как дела?",
    "🙂 emoji and zero\u200bwidth and\ttabs\nand lines",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "UPPER lower MiXeD don't can't it's",
    "def f(x): return x ** 2  # code",
    " ".join(f"Sentence number {i} of a text that is longer than the model reads." for i in range(40)),
]


def main(folder, out):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    rows = []
    with torch.no_grad():
        for text in SENTENCES:
            # The tokenizer's file asks for 128 tokens; sentence_bert_config.json says 256.
            tokens = tokenizer(text, truncation=True, max_length=256, padding=False, return_tensors="pt")
            hidden = model(**tokens).last_hidden_state[0]
            vector = torch.nn.functional.normalize(hidden.mean(0), dim=0)
            rows.append({"text": text, "tokens": tokens["input_ids"][0].tolist(),
                         "embedding": [round(x, 7) for x in vector.tolist()]})
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    lines = ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
    with open(out, "w", encoding="utf-8") as file:
        file.write('{"versions": %s,\n"sentences": [\n%s\n]}\n' % (json.dumps(versions), lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
