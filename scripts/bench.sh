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
for benchmark in benchmarks/*.py; do
  printf '\nrun: %s\n' "$benchmark"
  "$environment/bin/python" "$benchmark" --everform build/release/bin/everform --programs build/release/bin "$@"
done
