#!/usr/bin/env bash
# Share of each reader's lines that a corpus reaches: scripts/fuzz_coverage.sh [CORPORA]
# CORPORA holds a folder for each target, read beside fuzz/corpus. Builds the preset `coverage`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
corpora=${1:-fuzz/corpus}
core=src/everform/core
declare -A readers=(
  [safetensors]="$core/io/safetensors_reader.cpp $core/io/safetensors_shards.cpp"
  [gguf]="$core/io/gguf_reader.cpp $core/io/gguf_keys.cpp $core/io/gguf_types.cpp $core/io/gguf_config.cpp $core/io/gguf_config_parts.cpp $core/io/gguf_tokenizer_import.cpp"
  [tokenizer_json]="$core/text/tokenizer_json*.cpp $core/text/json_fields.cpp"
  [chat_template]="$core/text/template_*.cpp $core/text/chat_template.cpp"
  [recipe]="$core/recipes/recipe.cpp $core/recipes/recipe_reader.cpp $core/recipes/recipe_values.cpp $core/recipes/schema.cpp $core/recipes/number_list.cpp"
)
cmake --preset coverage >/dev/null
targets=()
for name in "${!readers[@]}"; do targets+=("${name}_fuzz"); done
ninja --quiet -C build/coverage "${targets[@]}"
for name in "${!readers[@]}"; do
  program=build/coverage/bin/${name}_fuzz
  profile=build/coverage/$name
  folders=()
  for folder in "fuzz/corpus/$name" "$corpora/$name"; do [ -d "$folder" ] && folders+=("$folder"); done
  LLVM_PROFILE_FILE="$profile.raw" "$program" -runs=0 "${folders[@]}" >"$profile.log" 2>&1
  llvm-profdata-19 merge -sparse "$profile.raw" -o "$profile.data"
  # shellcheck disable=SC2086  # the lists are meant to be split and expanded
  total=$(llvm-cov-19 report "$program" -instr-profile="$profile.data" ${readers[$name]} | awk '/^TOTAL/ {print $10}')
  printf '%s: %s of the lines of its reader\n' "$name" "$total"
done
