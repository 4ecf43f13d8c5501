"""CPU seconds that a run costs before and after it trains: as a process of its own, and as a fork.

Run with `python -m benchmarks.startup`. The runs are as short as a recipe allows; what they train
and evaluate, which is timed here in a process that has done it before, is taken off. What is left
is importing, reading the recipe and the start policy, what libraries do the first time only,
copying what a fork shares, writing the result, and ending.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from rich.progress import track
from tabulate import tabulate

from arlarena_bench.harness.forks import forks
from arlarena_bench.harness.plan import Job, Request, plan
from arlarena_bench.harness.processes import RunProcess, interpreters
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy

RUNS = 5
SHORT = (
    "train.iterations=1",
    "train.groups=1",
    "train.group_size=2",
    "train.minibatches=1",
    "evaluation.validation_tasks=1",
    "evaluation.test_tasks=1",
)
Ways = Callable[[], AbstractContextManager[Callable[[Job], RunProcess]]]


def children() -> float:
    """Return the CPU seconds of all processes that have ended under this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost(way: Ways, count: int) -> float:
    """Return the CPU seconds of some runs, one after the other, and of what starts them."""
    before = children()
    with tempfile.TemporaryDirectory() as folder:
        request = Request("nano", "sokoban", ("grpo",), count, Path(folder), SHORT)
        with way() as start:
            for job in plan(request).jobs:
                run = start(job)
                while (code := run.poll()) is None:
                    time.sleep(0.05)
                if code:
                    raise SystemExit(job.log.read_text(encoding="utf-8"))
    return children() - before


def work(recipe: Recipe) -> float:
    """Return the CPU seconds that a run of the recipe trains and evaluates, the median."""
    trainer = Trainer(recipe, start_policy(recipe))
    spent = []
    for step in range(1, 2 + RUNS):
        began = time.process_time()
        trainer.validate()
        trainer.step(step)
        trainer.test()
        spent.append(time.process_time() - began)
    return statistics.median(spent[1:])


def main() -> None:
    """Measure and print."""
    request = Request("nano", "sokoban", ("grpo",), 1, Path("unused"), SHORT)
    needed = work(plan(request).jobs[0].recipe)
    rows = []
    for name, way in track({"own process": interpreters, "fork": forks}.items(), "runs"):
        one, many = cost(way, 1), cost(way, 1 + RUNS)
        rows.append((name, f"{one - needed:.2f}", f"{(many - one) / RUNS - needed:.2f}"))
    print(tabulate(rows, ["a run is", "the first, CPU s", "each other, CPU s"], tablefmt="github"))
    print(
        f"\nruns of one update from two episodes, less the {needed:.2f} CPU s that these and the "
        f"evaluations take; the mean of {RUNS} others"
    )


if __name__ == "__main__":
    main()
