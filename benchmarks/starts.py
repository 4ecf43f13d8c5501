"""How weak a start policy is, and what reinforcement learning makes of it, under three decoders.

    python -m benchmarks.starts --env sokoban --set cloning.habit_share=0.65 --iterations 40,120

Success on the validation panel: sampled at temperature 1, by the paper's decoder (ARLArena, Table
S1), and greedy. A line is added to `leaderboard/starts/search.csv` for each number of iterations.
"""

import argparse
import csv
import json
import time
from pathlib import Path
from statistics import fmean

import torch

from arlarena_bench import load_recipe
from arlarena_bench.harness.plan import check_settings_count, parse_settings
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.evaluate import evaluate, evaluation_player
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy

LOG = Path(__file__).parents[1] / "leaderboard" / "starts" / "search.csv"
DECODERS = ("t1", "paper", "greedy")


def scores(trainer: Trainer, recipe: Recipe) -> dict[str, float]:
    """Return the policy's success on the validation panel in percent, by decoder."""
    found = {}
    for name in DECODERS:
        policy = evaluation_player(trainer.policy, recipe, name)
        episodes = evaluate(policy, trainer.arena, recipe, "validation")
        found[name] = round(100 * fmean(episode.success for episode in episodes), 1)
    return found


def main() -> None:
    """Clone, score, train, and score again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starts", description=__doc__)
    parser.add_argument("--preset", default="nano")
    parser.add_argument("--env", default="sokoban")
    parser.add_argument("--method", default="grpo")
    parser.add_argument("--seed", type=int, default=0, help="of cloning and of training")
    parser.add_argument("--iterations", default="0", help="after which to score: 40,120")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    looks = [int(number) for number in arguments.iterations.split(",")]
    recipe = load_recipe(arguments.preset, arguments.env)
    recipe = recipe.for_run(arguments.method, arguments.seed)
    recipe = recipe.with_values({"cloning.seed": arguments.seed, "evaluation.every": 10_000})
    values = parse_settings(arguments.settings)
    recipe = recipe.with_values({**values, "train.iterations": max(1, *looks)})
    check_settings_count(recipe, values)
    trainer = Trainer(recipe, start_policy(recipe))
    before = scores(trainer, recipe)
    print("before", before, flush=True)
    if looks == [0]:
        _write(arguments, 0, before, before)
    for step in range(1, max(looks) + 1):
        metrics, _ = trainer.step(step)
        if step % 10 == 0:
            print(
                step, f"{metrics['success/train']:.2f}", f"{time.process_time():.0f} s", flush=True
            )
        if step in looks:
            after = scores(trainer, recipe)
            print("after", step, after, flush=True)
            _write(arguments, step, before, after)


def _write(
    arguments: argparse.Namespace, step: int, before: dict[str, float], after: dict[str, float]
) -> None:
    row = {
        "preset": arguments.preset,
        "environment": arguments.env,
        "method": arguments.method,
        "seed": arguments.seed,
        "settings": json.dumps(arguments.settings),
        "iterations": step,
        **{f"before_{name}": value for name, value in before.items()},
        **{f"after_{name}": value for name, value in after.items()},
    }
    LOG.parent.mkdir(exist_ok=True)
    new = not LOG.exists()
    with LOG.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
