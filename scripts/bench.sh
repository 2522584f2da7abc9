#!/usr/bin/env bash
# Builds the comparisons' own Python environment once and runs every benchmark of benchmarks/ against its peer, side by side.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment="${EVERFORM_CACHE:-$HOME/.cache/everform}/bench-environment"
if [ ! -x "$environment/bin/python" ]; then
  printf 'run: making an environment for the peers: benchmarks compare with them\n'
  python3 -m venv "$environment"
fi
"$environment/bin/pip" install -q -r benchmarks/requirements.txt
text=${EVERFORM_BENCH_TEXT:-../shared/data/text-tinyshakespeare/input.txt}
if [ ! -f "$text" ]; then
  printf 'run: the benchmarks need an English text of a megabyte or more: EVERFORM_BENCH_TEXT=FILE ./run bench\n' >&2
  exit 4
fi
printf '\nrun: tokenizer against tiktoken\n'
"$environment/bin/python" benchmarks/tokenizer_vs_tiktoken.py "$text" --rounds 5
for precision in "" --fp32; do
  printf '\nrun: training the character model against PyTorch eager %s\n' "$precision"
  OMP_WAIT_POLICY=PASSIVE build/release/bin/train_char_model --data "$text" --python "$environment/bin/python" --steps 200 $precision
done
