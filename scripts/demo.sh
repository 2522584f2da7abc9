#!/usr/bin/env bash
# The main job in front of the user: a conversation, a training from scratch, pictures. scripts/demo.sh EVERFORM [FOLDER]
set -euo pipefail
everform=$1
out=${2:-runs/demo}
rm -rf "$out"
mkdir -p "$out"

step() { printf '\n== %s\n' "$*"; }

step 'a language model answers (SmolLM2-135M-Instruct)'
question='What is the capital of France? Answer in one sentence.'
printf '> %s\n' "$question"
"$everform" chat smollm2-135m-instruct --temperature 0 --activations f32 --max-tokens 48 --message "$question"

step 'a transformer learns the Game of Life from strings (LifeGPT, from scratch)'
"$everform" train lifegpt --preset tiny --set training.steps=1500 --set training.checkpoint_every=500 --out "$out/lifegpt"

step 'how well it learned, on grids it never saw'
"$everform" evaluate lifegpt --model "$out/lifegpt" --out "$out/accuracy.csv"

step 'what it generates'
"$everform" generate lifegpt --model "$out/lifegpt" --pattern glider --rollout 24 --compare oracle --out "$out/glider.gif"

step 'done'
printf 'animation:  %s\nloss curve: %s\nrun folder: %s\n' "$out/glider.gif" "$out/lifegpt/loss.svg" "$out/lifegpt"
