#!/usr/bin/env bash
# Formats our sources with clang-format; --check only reports.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
find src tests benchmarks fuzz \( -name '*.h' -o -name '*.cpp' \) -print0 | xargs -0 -r -P 2 -n 40 clang-format-19 "${mode[@]}"
