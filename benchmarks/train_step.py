"""CPU seconds of one RL iteration, by part, beside what it is measured against, in one run.

Run with `python -m benchmarks.train_step`. One thread, CPU seconds, so that a busy machine does
not blur the figures. The same trainer runs with the library's own layers, iterations alternating,
and TRL's GRPOTrainer on the same model and prompts (package extra `peers`).
"""

import statistics
import time
from pathlib import Path

import torch
from rich.progress import track
from tabulate import tabulate

from arlarena_bench import load_recipe
from arlarena_bench.episode import Episode
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.library import LibraryDecoder
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.evaluate import evaluate, evaluation_policy
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.update import Learner
from benchmarks import trl_peer

WARM_UP, MEASURED = 1, 6
PARTS = ("generate", "environment", "advantage", "reference", "update", "total")
ENVIRONMENTS = ("sokoban", "alfworld_mini")


def sgemm_rate(size: int = 1024, repeats: int = 20) -> float:
    """Return the machine's measured float32 matrix-product rate, FLOP per CPU second."""
    left, right = (torch.ones(size, size) for _ in range(2))
    left @ right
    started = time.process_time()
    for _ in range(repeats):
        left @ right
    return 2.0 * size**3 * repeats / (time.process_time() - started)


def with_library_layers(recipe: Recipe, start: Path) -> Trainer:
    """Return a trainer whose models are read by the library's own layers."""
    trainer = Trainer(recipe, start)
    policy, reference = LanguageModel.load(start), LanguageModel.load(start)
    for model in (policy, reference):
        model.decoder = LibraryDecoder(model.model)
    trainer.policy = policy
    trainer.learner = Learner(policy, reference, trainer.method, recipe.train)
    return trainer


def timed(trainers: list[Trainer]) -> list[tuple[dict[str, float], float]]:
    """Run iterations of several trainers in turn.

    Returns:
        For each trainer the median CPU seconds by part, and the median number of turns.
    """
    timings: list[list[dict[str, float]]] = [[] for _ in trainers]
    turns: list[list[float]] = [[] for _ in trainers]
    for step in track(range(1, WARM_UP + MEASURED + 1), description="iterations"):
        for trainer, spent, length in zip(trainers, timings, turns, strict=True):
            metrics, timing = trainer.step(step)
            if step > WARM_UP:
                spent.append(timing)
                length.append(metrics["length/train"])
    return [
        ({p: statistics.median(t[f"cpu_s/{p}"] for t in spent) for p in PARTS},
         statistics.median(length))
        for spent, length in zip(timings, turns, strict=True)
    ]  # fmt: skip


def measure(environment: str) -> None:
    """Measure an environment's iteration, and print its parts and the ratio to the peer."""
    recipe = load_recipe("nano", environment).for_run("grpo", seed=0)
    recipe = recipe.with_values({"evaluation.every": 1000})
    start = start_policy(recipe)
    ours = Trainer(recipe, start)
    (seconds, length), (theirs, _) = timed([ours, with_library_layers(recipe, start)])
    total = seconds["total"]
    rows = [
        (part, 1000 * value, f"{value / total:.0%}", 1000 * theirs[part], theirs[part] / value)
        for part, value in seconds.items()
    ]
    headers = [environment, "CPU ms", "share", "library's layers, ms", "ratio"]
    print(tabulate(rows, headers, floatfmt=("", ".0f", "", ".0f", ".1f"), tablefmt="github"))
    parameters = sum(p.numel() for p in ours.policy.model.parameters())
    episodes = recipe.train.groups * recipe.train.group_size
    turns = [t for e in evaluate_on_validation(ours, recipe) for t in e.turns]
    per_turn = statistics.mean(
        len(t.generation.prompt_ids) + len(t.generation.reply_ids) for t in turns
    )
    tokens = per_turn * length * episodes
    # Generating, reading the reference and updating cost 2, 2 and 6 FLOP a parameter and token.
    work = 10 * parameters * tokens
    rate = sgemm_rate()
    print(
        f"\n{parameters:,} parameters, {episodes} environments, {length * episodes:.0f} turns; "
        f"medians of {MEASURED} iterations, one thread\n"
        f"sgemm 1024: {rate / 1e9:.0f} GFLOP/s. Reading every prompt of every turn anew would be "
        f"{work / 1e9:.1f} GFLOP an iteration;\n"
        f"done in the time measured, that is {work / rate / total:.0%} of the sgemm rate\n"
        f"tokens of prompts and replies a CPU second: {tokens / total:,.0f}"
    )
    if absent := trl_peer.missing():
        print(f"TRL was not measured: {', '.join(absent)} missing; {trl_peer.INSTALL}\n")
        return
    # A step of theirs has as many rows as one of ours: each prompt stands for a group of replies.
    prompts = list(dict.fromkeys(turn.prompt for turn in turns))
    count = min(len(prompts), round(length * episodes / recipe.train.group_size))
    peer = trl_peer.token_rate(start, prompts[:count], recipe.train, WARM_UP + MEASURED)
    print(
        f"TRL's GRPOTrainer, same model, {count} of the same prompts, {recipe.train.group_size} "
        f"replies each: {peer:,.0f}; ratio {tokens / total / peer:.1f}\n"
    )


def evaluate_on_validation(trainer: Trainer, recipe: Recipe) -> list[Episode]:
    """Play the validation panel with what has been trained."""
    policy = evaluation_policy(trainer.policy, recipe)
    return evaluate(policy, trainer.arena, recipe, "validation")


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    for environment in ENVIRONMENTS:
        measure(environment)


if __name__ == "__main__":
    main()
