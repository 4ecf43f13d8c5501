"""Benches: method × seed on one environment or several, a single-thread process a run."""

import time
from collections import deque
from collections.abc import Sequence

from rich.console import Console
from rich.progress import TaskID

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.launcher import Launcher, local
from arlarena_bench.harness.plan import Job, is_finished
from arlarena_bench.harness.processes import (
    Failure,
    RunProcess,
    failure_of,
    leave_failure,
    sigterm_interrupts,
)
from arlarena_bench.harness.progress import Display, RunProgress
from arlarena_bench.recipe import Recipe

POLL = 0.5  # seconds between looks at the running processes


def run_bench(
    jobs: Sequence[Job], parallel: int, console: Console, launcher: Launcher = local
) -> list[Failure]:
    """Build the start policies, run every job that is not finished, and return what failed.

    Args:
        jobs: What is to be run; finished runs are kept, interrupted ones are gone on with.
        parallel: Runs at a time; 0 for as many as the launcher has room for.
        console: Where progress is shown.
        launcher: What the runs are run by.

    Raises:
        ArenaError: If a start policy cannot be built, or nothing can run on this machine.
        KeyboardInterrupt: On SIGINT or SIGTERM, after the running processes have ended.
    """
    unfinished = [job for job in jobs if not is_finished(job)]
    with sigterm_interrupts(), Display(console) as display:
        if len(unfinished) < len(jobs):
            display.say(f"{len(jobs) - len(unfinished)} of {len(jobs)} runs are finished already")
        first = {_start_of(job.recipe): job.recipe for job in reversed(unfinished)}
        recipes = list(reversed(first.values()))
        for recipe in {recipe.environment.name: recipe for recipe in reversed(recipes)}.values():
            for line in cautions_of(recipe):
                display.say(f"warning: {line}")
        for recipe in recipes:
            build_start_policy(recipe, display)
        return _Runner(jobs, unfinished, parallel, display).run(launcher)


def _start_of(recipe: Recipe) -> str:
    """Return all that a start policy follows from."""
    made_by = {"environment", "protocol", "model", "tokenizer", "start", "cloning"}
    return recipe.model_dump_json(include=made_by)


def cautions_of(recipe: Recipe) -> list[str]:
    """Return what is to be said before anything runs."""
    # Imports torch, which a bench of finished runs does without.
    from arlarena_bench.protocol.making import cautions

    return cautions(recipe)


def build_start_policy(recipe: Recipe, display: Display) -> None:
    """Clone the start policy that all runs share, unless the cache holds it."""
    # Imports torch, which a bench of finished runs does without.
    from arlarena_bench.training.start import find_start, start_policy

    if find_start(recipe) is None:
        display.say(
            f"building the start policy of {recipe.environment.name} once: recording "
            "demonstrations, then cloning them"
        )
        row = display.add("start policy", recipe.cloning.clean_steps + recipe.cloning.noisy_steps)

        def show(record: dict[str, float]) -> None:
            display.update(row, int(record["step"]), f"loss {record['loss']:.3f}")
            display.show()

        start_policy(recipe, on_step=show)
        display.remove(row)


class _Runner:
    """Keeps a number of runs going until none is left."""

    def __init__(
        self, jobs: Sequence[Job], unfinished: Sequence[Job], parallel: int, display: Display
    ) -> None:
        self._progress = {job.folder: RunProgress(job.name, job.folder, job.steps) for job in jobs}
        self._waiting = deque(unfinished)
        self._running: list[tuple[Job, RunProcess, TaskID]] = []
        self._finished = len(jobs) - len(unfinished)
        self._failures: list[Failure] = []
        self._parallel = parallel
        self._display = display

    def run(self, launcher: Launcher) -> list[Failure]:
        todo = {job.folder for job in self._waiting}
        for folder, progress in self._progress.items():
            progress.refresh() if folder in todo else progress.ended()
        total = self._display.add("all", *self._steps())
        with launcher() as runs:
            most = self._parallel or runs.at_once
            while self._waiting or self._running:
                while self._waiting and len(self._running) < most:
                    job = self._waiting.popleft()
                    run = self._progress[job.folder]
                    row = self._display.add(job.name, run.total, run.step)
                    self._running.append((job, runs.start(job), row))
                time.sleep(POLL)
                self._look()
                steps, done = self._steps()
                self._display.update(total, done, self._summary(), steps)
                self._display.show()
        return self._failures

    def _look(self) -> None:
        for job, process, row in list(self._running):
            progress = self._progress[job.folder]
            progress.refresh()
            self._display.update(row, progress.step, progress.note())
            if (code := process.poll()) is None:
                continue
            progress.ended()
            self._display.remove(row)
            self._running.remove((job, process, row))
            if failure := failure_of(job, code):
                self._failures.append(failure)
                self._display.say(f"failed: {failure.name}: {failure.reason}")
                try:
                    leave_failure(job, failure)
                except ArenaError as error:  # the disk is full; the other runs may end yet
                    self._display.say(str(error))
            else:
                self._finished += 1

    def _steps(self) -> tuple[int, int]:
        """Return the training steps of all runs, and how many of them are done."""
        runs = self._progress.values()
        return sum(run.total for run in runs), sum(run.step for run in runs)

    def _summary(self) -> str:
        failed = f", {len(self._failures)} failed" if self._failures else ""
        return f"{self._finished}/{len(self._progress)} runs finished{failed}"
