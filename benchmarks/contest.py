"""Iterations of several trainers, in turn, so that all meet the same machine."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.progress import track

from arlarena_bench.recipe import Recipe
from arlarena_bench.training.loop import Trainer

WARM_UP, MEASURED = 1, 6
PARTS = ("generate", "environment", "advantage", "reference", "update", "total")


@dataclass(frozen=True)
class Measured:
    """What an iteration has taken.

    Attributes:
        seconds: CPU seconds by part, named as `Trainer.step` does.
        turns: Turns played, each a row of the updates.
    """

    seconds: dict[str, float]
    turns: float


Step = Callable[[int], Measured]


def step_of(trainer: Trainer, recipe: Recipe) -> Step:
    """Return the iterations of a trainer of today."""
    episodes = recipe.train.groups * recipe.train.group_size

    def step(number: int) -> Measured:
        metrics, seconds = trainer.step(number)
        return Measured(seconds, metrics["length/train"] * episodes)

    return step


def contest(steps: Mapping[str, Step]) -> dict[str, Measured]:
    """Run iterations in turn; the contestants' draws differ, and so does how long they play.

    Returns:
        For each the median number of turns, and its median CPU seconds a turn, by part, for as
        many turns as the first plays.
    """
    taken: dict[str, list[Measured]] = {name: [] for name in steps}
    for number in track(range(1, WARM_UP + MEASURED + 1), description="iterations"):
        for name, step in steps.items():
            taken[name].append(step(number))
    counted = {name: measured[WARM_UP:] for name, measured in taken.items()}
    turns = {name: statistics.median(m.turns for m in ms) for name, ms in counted.items()}
    whole = next(iter(turns.values()))
    return {
        name: Measured(
            {
                part: whole * statistics.median(m.seconds[f"cpu_s/{part}"] / m.turns for m in ms)
                for part in PARTS
            },
            turns[name],
        )
        for name, ms in counted.items()
    }
