"""Runs of one recipe on one engine, and what the same recipe comes to on another.

Run with `python -m benchmarks.learning LOCAL... --against VERL`, folders of runs that differ in
seed and engine alone, finished or not: the steps that all have are compared. With two runs or more,
each figure of the one on the other engine is held against the interval in which one more of them
would lie. The run of the same seed has the same tasks and draws: told is up to which step it has
sampled as many tokens, and how far its metrics are until then. `--write FILE` keeps the curves.
"""

import argparse
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import t
from tabulate import tabulate

from arlarena_bench import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.training.run import finished_result, read_metrics

LEVEL = 0.95
WINDOW = 10  # steps whose training success is averaged
TRAINING, VALIDATION, TOKENS = "success/train", "validation/success", "cost/tokens"
# Rows whose entropy is the median may change halves by rounding alone.
HALVES = "kl_share/"


@dataclass(frozen=True, slots=True)
class Made:
    """A run as far as all have been made.

    Attributes:
        folder: Its folder.
        recipe: Its recipe.
        metrics: By step.
    """

    folder: Path
    recipe: Recipe
    metrics: Mapping[int, Mapping[str, float]]

    def figures(self) -> dict[str, float]:
        """Return what it has come to: validation, its last steps of training, the test panel."""
        found = {
            f"validation, step {step}": metrics[VALIDATION]
            for step, metrics in self.metrics.items()
            if VALIDATION in metrics
        }
        trained = [metrics[TRAINING] for step, metrics in self.metrics.items() if step > 0]
        found[f"training, last {WINDOW} of {len(trained)} steps"] = statistics.mean(
            trained[-WINDOW:]
        )
        if (result := finished_result(self.folder, turns=False)) is not None:
            found[f"test panel, {result.headline}"] = result.main.summary.success
        return found


def read(folders: Sequence[Path]) -> list[Made]:
    """Return runs up to the last step that all of them have.

    Raises:
        ArenaError: If two differ in more than their seeds, or one cannot be read.
    """
    recipes = [read_recipe(folder / "recipe.yaml") for folder in folders]
    for folder, recipe in zip(folders, recipes, strict=True):
        if recipe.with_values({"seed": 0}) != recipes[0].with_values({"seed": 0}):
            raise ArenaError(f"{folder} is a run of another recipe than {folders[0]}")
    logs = [read_metrics(folder) for folder in folders]
    last = min(max(log, default=0) for log in logs)
    if last == 0:
        raise ArenaError("not all of these runs have made a step")
    cut = [{step: found for step, found in log.items() if step <= last} for log in logs]
    return [Made(*each) for each in zip(folders, recipes, cut, strict=True)]


def of_one_more(values: Sequence[float]) -> tuple[float, float]:
    """Return the interval in which one more run would lie: normal, mean and spread unknown."""
    count, mean = len(values), statistics.mean(values)
    room = t.ppf((1 + LEVEL) / 2, count - 1) * statistics.stdev(values) * math.sqrt(1 + 1 / count)
    return mean - room, mean + room


def comparison(first: Sequence[Made], other: Made) -> str:
    """Return the table: each figure of the runs, and of the one on the other engine."""
    known = [run.figures() for run in first]
    rows = []
    for name, value in other.figures().items():
        values = [run[name] for run in known if name in run]
        interval = ""
        if len(values) > 1:
            low, high = of_one_more(values)
            interval = f"[{max(low, 0):.1%}, {min(high, 1):.1%}]"
        mean = f"{statistics.mean(values):.1%}" if values else ""
        rows.append([name, str(len(values)), mean, interval, f"{value:.1%}"])
    headers = ["success", "runs", "mean", f"one more, {LEVEL:.0%}", "other engine"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def same_tokens(run: Made, other: Made) -> int:
    """Return the last step up to which two runs of one seed have sampled as many tokens."""
    alike = -1
    for step, metrics in run.metrics.items():
        if metrics[TOKENS] != other.metrics[step][TOKENS]:
            break
        alike = step
    return alike


def furthest(run: Made, other: Made, last: int) -> tuple[float, str]:
    """Return how far two runs are at most up to a step: the difference, and its metric."""
    return max(
        (abs(value - other.metrics[step][name]), name)
        for step, metrics in run.metrics.items()
        for name, value in metrics.items()
        if step <= last
        and name in other.metrics[step]
        and math.isfinite(value)
        and not name.startswith(HALVES)
    )


def curves(runs: Sequence[Made]) -> str:
    """Return the training and validation success of each run, a line a step, as CSV."""
    lines = [
        ["step", *(f"{run.folder.name} {key}" for run in runs for key in (TRAINING, VALIDATION))]
    ]
    for step in runs[0].metrics:
        found = [run.metrics[step].get(key) for run in runs for key in (TRAINING, VALIDATION)]
        lines.append([str(step), *("" if value is None else f"{value:.6g}" for value in found)])
    return "".join(",".join(line) + "\n" for line in lines)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning")
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs on one engine")
    parser.add_argument("--against", type=Path, required=True, help="the one on another engine")
    parser.add_argument("--write", type=Path, help="keep the curves in a CSV file")
    asked = parser.parse_args()
    try:
        *first, other = read([*asked.runs, asked.against])
        print(comparison(first, other))
        for run in first:
            if run.recipe.seed == other.recipe.seed:
                last = same_tokens(run, other)
                most, name = furthest(run, other, last)
                print(
                    f"\nseed {run.recipe.seed}: as many tokens up to step {last} of "
                    f"{max(run.metrics)}, so far {name} differs most, by {most:.1e}"
                )
        if asked.write is not None:
            write_whole(asked.write, curves([*first, other]))
    except ArenaError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
