#!/usr/bin/env bash
# One node of eight GPUs. The same command goes on after an interruption.
set -eu
OUT=${OUT:-runs/paper-sokoban-sampo-0}

exec arlarena train --preset paper --env sokoban --method sampo --seed 0 \
  --engine verl --gpus 8 --out "$OUT" $([ -e "$OUT/recipe.yaml" ] && echo --resume)
