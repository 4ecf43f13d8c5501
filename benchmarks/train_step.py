"""CPU seconds of one RL iteration, by part, beside what it is measured against, in one run.

Run with `python -m benchmarks.train_step`. One thread, CPU seconds, so that a busy machine does
not blur the figures; iterations alternate, so that it slows all alike. Compared are, on the same
start policy and recipe:

* the same trainer with the library's own layers;
* the former release (`release.py`), where it has the environment under the same name: its whole
  iteration, from sampling tasks to the last update;
* TRL's GRPOTrainer (`trl_peer.py`; package extra `peers-trl`), which plays the same environment.

Draws differ between them, and so do the lengths of episodes: their seconds are those a turn, for as
many turns as ours plays. With TRL it is tokens of prompts and replies learnt from a CPU second;
episodes and updates are counted on both sides, making the trainer on none.
"""

import argparse
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import torch
from tabulate import tabulate

from arlarena_bench import load_recipe
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.library import LibraryDecoder
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.evaluate import evaluate, evaluation_player
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.update import Learner
from benchmarks import release, trl_peer
from benchmarks.contest import MEASURED, WARM_UP, Measured, contest, step_of

# The environment, and whether the former release has it under the same name.
ENVIRONMENTS = {"sokoban": True, "alfworld_mini": False}
OURS, LIBRARY, FORMER = "CPU ms", "library's layers", "former release"


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
    policy = LanguageModel.load(start)
    models = policy, policy.copy()
    for model in models:
        model.decoder = LibraryDecoder(model.model)
    trainer.policy = policy
    trained, reference = (TrainableModel(model, recipe.train) for model in models)
    trainer.learner = Learner(trained, reference, trainer.method, recipe.train)
    return trainer


def measure(environment: str, released: bool) -> None:
    """Measure an environment's iteration, and print its parts and the ratios to the others."""
    recipe = load_recipe("nano", environment).for_run("grpo", seed=0)
    recipe = recipe.with_values({"evaluation.every": 1000})
    start = start_policy(recipe)
    trainer = Trainer(recipe, start)
    steps = {
        OURS: step_of(trainer, recipe),
        LIBRARY: step_of(with_library_layers(recipe, start), recipe),
    }
    with ExitStack() as stack:
        if released:
            try:
                steps[FORMER] = stack.enter_context(release.former_step(recipe, start))
            except release.AbsentError as error:
                print(f"the former release, {release.COMMIT}, was not measured: {error}")
        taken = contest(steps)
    ours = taken[OURS]
    print_parts(environment, taken)
    total = ours.seconds["total"]
    parameters = sum(p.numel() for p in trainer.policy.model.parameters())
    prompt = prompt_tokens(trainer, recipe)
    tokens = trainer.cost.tokens + prompt * trainer.cost.env_steps
    per_turn = tokens / trainer.cost.env_steps
    # Generating, reading the reference and updating cost 2, 2 and 6 FLOP a parameter and token.
    work = 10 * parameters * per_turn * ours.turns
    rate = sgemm_rate()
    print(
        f"\n{parameters:,} parameters, {ours.turns:.0f} turns of {per_turn:.0f} tokens; medians of "
        f"{MEASURED} iterations, one thread\n"
        f"sgemm 1024: {rate / 1e9:.0f} GFLOP/s. Reading every prompt of every turn anew would be "
        f"{work / 1e9:.1f} GFLOP an iteration;\n"
        f"done in the time measured, that is {work / rate / total:.0%} of the sgemm rate"
    )
    if FORMER in taken:
        former = taken[FORMER].seconds["total"] / total
        print(f"the former release, {release.COMMIT}, takes {former:.2f} times as long a turn")
    if absent := trl_peer.missing():
        print(f"TRL was not measured: {', '.join(absent)} missing; {trl_peer.INSTALL}\n")
        return
    compare_with_trl(trainer, recipe, start, ours.turns, prompt)


def print_parts(environment: str, taken: dict[str, Measured]) -> None:
    """Print the CPU milliseconds by part, and the ratios of the others to the first."""
    (_, ours), *others = taken.items()
    headers = [environment, OURS, "share"]
    for name, _ in others:
        headers += [f"{name}, ms", "ratio"]
    rows = []
    for part, value in ours.seconds.items():
        row: list[str] = [part, f"{1000 * value:.0f}", f"{value / ours.seconds['total']:.0%}"]
        for _, theirs in others:
            row += [f"{1000 * theirs.seconds[part]:.0f}", f"{theirs.seconds[part] / value:.2f}"]
        rows.append(row)
    print(tabulate(rows, headers, disable_numparse=True, tablefmt="github"))


def prompt_tokens(trainer: Trainer, recipe: Recipe) -> float:
    """Return the mean length of a prompt, from the validation panel."""
    policy = evaluation_player(trainer.policy, recipe)
    episodes = evaluate(policy, trainer.arena, recipe, "validation")
    return statistics.mean(len(t.generation.prompt_ids) for e in episodes for t in e.turns)


def compare_with_trl(
    trainer: Trainer, recipe: Recipe, start: Path, turns: float, prompt: float
) -> None:
    """Alternate steps of GRPOTrainer with our iterations; print both rates and their ratio."""
    rates: list[float] = []
    step = step_of(trainer, recipe)

    def iterate() -> None:
        before = trainer.cost
        measured = step(WARM_UP + MEASURED + 1 + len(rates))
        replies = trainer.cost.tokens - before.tokens
        rates.append((replies + prompt * measured.turns) / measured.seconds["cpu_s/total"])

    peer = trl_peer.token_rate(start, recipe, round(turns), WARM_UP + MEASURED, iterate)
    ours = statistics.median(rates)
    print(
        f"tokens learnt from a CPU second: {ours:,.0f}; TRL's GRPOTrainer, same model and "
        f"episodes: {peer:,.0f}; ratio {ours / peer:.1f}\n"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_step")
    parser.add_argument("--env", choices=ENVIRONMENTS, help="this one only")
    chosen = parser.parse_args().env
    torch.set_num_threads(1)
    for environment in [chosen] if chosen else ENVIRONMENTS:
        measure(environment, ENVIRONMENTS[environment])


if __name__ == "__main__":
    main()
