#!/usr/bin/env bash
# Runs every fuzz target on a copy of its corpus: scripts/fuzz.sh RUNS [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
runs=${1:-100000}
shift || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
for program in build/fuzz/bin/*_fuzz; do
  name=$(basename "$program" _fuzz)
  if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qx "$name"; then continue; fi
  mkdir -p "$work/$name" fuzz/findings
  corpus=()
  [ -d "fuzz/corpus/$name" ] && corpus=("fuzz/corpus/$name")
  printf 'run: fuzzing %s, %s runs\n' "$name" "$runs"
  log="$work/$name.log"
  if ! "$program" -runs="$runs" -max_len=65536 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="fuzz/findings/$name-" "$work/$name" "${corpus[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    printf 'run: %s found something; the input is fuzz/findings/%s-*\n' "$name" "$name" >&2
    exit 1
  fi
  grep -E 'stat::number_of_executed_units|^Done' "$log" || true
  passed=$((passed + 1))
done
printf 'run: %s fuzz targets, no findings\n' "$passed"
