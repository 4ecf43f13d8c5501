"""Seconds of one RL iteration, by part, and how much of the machine's arithmetic they use.

Run with `python -m benchmarks.train_step`. One thread, CPU seconds, so that a busy machine does
not blur the figures.
"""

import statistics
import time

import torch
from rich.progress import track
from tabulate import tabulate

from arlarena_bench import load_recipe
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rollout import make_environment
from arlarena_bench.training.start import start_policy

WARM_UP, MEASURED = 2, 8
PARTS = ("generate", "environment", "advantage", "reference", "update", "total")


def sgemm_rate(size: int = 1024, repeats: int = 20) -> float:
    """Return the machine's measured float32 matrix-product rate, FLOP per CPU second."""
    left, right = (torch.ones(size, size) for _ in range(2))
    left @ right
    started = time.process_time()
    for _ in range(repeats):
        left @ right
    return 2.0 * size**3 * repeats / (time.process_time() - started)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    recipe = load_recipe("nano", "sokoban").for_run("grpo", seed=0)
    recipe = recipe.with_values({"evaluation.every": 1000})
    trainer = Trainer(recipe, start_policy(recipe))
    parameters = sum(p.numel() for p in trainer.policy.model.parameters())
    episodes = recipe.train.groups * recipe.train.group_size
    timings, turns = [], []
    for step in track(range(1, WARM_UP + MEASURED + 1), description="iterations"):
        metrics, timing = trainer.step(step)
        if step > WARM_UP:
            timings.append(timing)
            turns.append(metrics["length/train"] * episodes)
    rate = sgemm_rate()
    seconds = {p: statistics.median(t[f"cpu_s/{p}"] for t in timings) for p in PARTS}
    total = seconds["total"]
    rows = [(part, 1000 * value, f"{value / total:.0%}") for part, value in seconds.items()]
    print(tabulate(rows, ["part", "CPU ms", "share"], floatfmt=".0f", tablefmt="github"))
    prompt, _ = make_environment(recipe).reset(seed=0)
    turn_tokens = len(trainer.policy.encode([prompt])[0]) + recipe.train.max_new_tokens
    # Generating, reading the reference and updating cost 2, 2 and 6 FLOP a parameter and token.
    work = 10 * parameters * turn_tokens * statistics.median(turns)
    share = work / rate / total
    print(
        f"\n{parameters:,} parameters, {episodes} environments, {statistics.median(turns):.0f} "
        f"turns; medians of {MEASURED} iterations, one thread\n"
        f"sgemm 1024: {rate / 1e9:.0f} GFLOP/s. Reading every prompt of every turn anew would be "
        f"{work / 1e9:.1f} GFLOP an iteration;\n"
        f"done in the time measured, that is {share:.0%} of the sgemm rate\n"
        f"target: at most 1.00 CPU s an iteration; measured {total:.2f}"
    )


if __name__ == "__main__":
    main()
