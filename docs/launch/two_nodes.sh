#!/usr/bin/env bash
# Two nodes of eight GPUs that share $OUT, the start policy's folder and the environment with verl.
# On the first: two_nodes.sh head. Then on the second: two_nodes.sh worker FIRST_NODE.
set -eu
OUT=${OUT:-/shared/runs/paper-sokoban-sampo-0}
export ARLARENA_CACHE=${ARLARENA_CACHE:-/shared/arlarena} HF_HOME=${HF_HOME:-/shared/huggingface}

if [ "$1" = worker ]; then
  exec ray start --address="$2:6379" --num-gpus=8 --block
fi
ray start --head --port=6379 --num-gpus=8
trap 'ray stop' EXIT
export RAY_ADDRESS=127.0.0.1:6379
until [ "$(python -c 'import ray; ray.init(log_to_driver=False); print(int(ray.cluster_resources()["GPU"]))')" -ge 16 ]; do
  sleep 5
done

arlarena train --preset paper --env sokoban --method sampo --seed 0 \
  --engine verl --nodes 2 --gpus 8 --out "$OUT" $([ -e "$OUT/recipe.yaml" ] && echo --resume)
