"""lm-evaluation-harness (`local-completions`), unmodified, against `everform serve`, with a task of our own.

    python -m venv venv && venv/bin/pip install 'lm-eval[api]' transformers
    venv/bin/python tests/peers/server_lm_eval.py

Scores the same questions by `everform evaluate --tasks` and expects the same accuracy.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from server_program import PROGRAM, Server

MODEL = "smollm2-135m-instruct"
QUESTIONS = [("The capital of France is", [" Paris", " seven", " quickly"]), ("Two plus two equals", [" four", " river", " Paris"]),
             ("The sun rises in the", [" east", " spoon", " seven"]), ("Water freezes into", [" ice", " music", " Tuesday"]),
             ("A cat is an", [" animal", " integer", " opinion"]), ("Cows give us", [" milk", " stones", " clouds"]),
             ("Once upon a", [" time", " of", " table"]), ("The opposite of hot is", [" cold", " blue", " fast"])]
TASK = """task: everform_cloze
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{gold}}}}"
target_delimiter: ""
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""


def write_task(folder):
    lines = []
    for i, (context, choices) in enumerate(QUESTIONS):
        gold = i % len(choices)
        turned = choices[1:gold + 1] + choices[:1] + choices[gold + 1:]
        lines.append(json.dumps({"context": context, "choices": turned, "gold": gold}))
    (folder / "cloze.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "everform_cloze.yaml").write_text(TASK.format(data=folder / "cloze.jsonl"))


def main():
    with tempfile.TemporaryDirectory() as name, Server(MODEL) as server:
        folder = pathlib.Path(name)
        write_task(folder)
        subprocess.run([PROGRAM, "convert", MODEL, "--to", "safetensors", "--out", folder / "tokenizer", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        arguments = f"model={MODEL},base_url={server.url}/v1/completions,tokenizer={folder}/tokenizer,tokenizer_backend=huggingface,num_concurrent=2,max_length=2048"
        subprocess.run([sys.executable, "-m", "lm_eval", "--model", "local-completions", "--model_args", arguments, "--tasks", "everform_cloze",
                        "--include_path", folder, "--output_path", folder / "out"], check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        found = json.loads(next((folder / "out").rglob("results*.json")).read_text())["results"]["everform_cloze"]["acc,none"]
        ours = json.loads(subprocess.run([PROGRAM, "evaluate", MODEL, "--tasks", folder / "cloze.jsonl", "--json", "--quiet"], check=True,
                                         stdout=subprocess.PIPE).stdout)["tasks"][0]["accuracy"]
        print(json.dumps({"lm_eval": found, "evaluate": ours}))
        return 0 if found == ours and found >= 0.75 else 1


if __name__ == "__main__":
    sys.exit(main())
