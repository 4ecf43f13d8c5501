"""Showing how a bench is going: bars on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines

SMOOTHING = 10  # a step's success is the mean of a few tasks: too noisy to show alone
WINDOW = 600.0  # seconds over which the speed is taken; a step may last most of a minute


class Display:
    """What is printed while something long goes on, a row for each thing that does.

    Args:
        console: Where to; whether it is a terminal decides the form.
        interval: Seconds between lines when it is none.
    """

    def __init__(self, console: Console, interval: float = 15.0) -> None:
        self._console = console
        self._interval = interval
        self._began = self._last = time.monotonic()
        self._rows = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
            speed_estimate_period=WINDOW,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._rows.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._rows.stop()

    def add(self, name: str, total: int, done: int = 0) -> TaskID:
        """Begin a row: `done` of `total` steps are behind it."""
        return self._rows.add_task(name, total=total, completed=done, note="")

    def update(self, row: TaskID, done: int, note: str, total: int | None = None) -> None:
        """Set a row's steps, and what else is to be said about it."""
        self._rows.update(row, completed=done, total=total, note=note)

    def remove(self, row: TaskID) -> None:
        """End a row."""
        self._rows.remove_task(row)

    def show(self) -> None:
        """Show the rows on a terminal; elsewhere print them if the last line is old enough."""
        if self._console.is_terminal:
            self._rows.refresh()
        elif time.monotonic() - self._last >= self._interval:
            self._last = time.monotonic()
            rows = "; ".join(_text(task) for task in self._rows.tasks)
            self.say(f"{_clock(self._last - self._began)}  {rows}")

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


@dataclass(slots=True)
class RunProgress:
    """How far one run is, as its `metrics.jsonl` tells.

    Attributes:
        name: Method and seed.
        folder: The run's folder.
        total: Training steps in all.
        step: Steps done; may jump back by a few when an interrupted run is taken up again.
        train_success: Mean success of the last 10 steps.
        validation_success: Latest success on the validation panel.
    """

    name: str
    folder: Path
    total: int
    step: int = 0
    train_success: float | None = None
    validation_success: float | None = None

    def refresh(self) -> None:
        """Read what the run has logged by now."""
        records: list[dict[str, Any]] = []
        # A damaged log is the run's own to report; here it only means that nothing is shown.
        with suppress(ArenaError, OSError):
            records = list(JsonLines(self.folder / "metrics.jsonl"))
        train = _numbers(records, "success/train")[-SMOOTHING:]
        validation = _numbers(records, "validation/success")
        self.step = int(max(_numbers(records, "step"), default=0))
        self.train_success = sum(train) / len(train) if train else None
        self.validation_success = validation[-1] if validation else None

    def ended(self) -> None:
        """Expect no more steps, whether the run is complete, stopped early or failed."""
        self.refresh()
        self.total = self.step

    def note(self) -> str:
        """Return how well it does."""
        return (
            f"train {_percent(self.train_success)}, validation {_percent(self.validation_success)}"
        )


def _text(task: Task) -> str:
    steps = f"{task.description} {task.completed:.0f}/{task.total:.0f}"
    parts = (steps, task.fields["note"], f"{_clock(task.time_remaining)} left")
    return ", ".join(part for part in parts if part)


def _numbers(records: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [float(r[key]) for r in records if isinstance(r.get(key), int | float)]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _clock(seconds: float | None) -> str:
    return "–" if seconds is None else str(timedelta(seconds=round(seconds)))


def step_line(metrics: dict[str, float]) -> str:
    """Return the metrics of a step that people watch, in one line."""
    shown = {
        "train": "success/train",
        "validation": "validation/success",
        "format": "format_valid",
        "KL": "kl_ref",
        "gradient": "grad_norm",
    }
    values = [f"{name} {metrics[key]:.3f}" for name, key in shown.items() if key in metrics]
    if "sampler/kl" in metrics:
        kl, most, share = (metrics[f"sampler/{part}"] for part in ("kl", "gap_max", "ess"))
        values.append(f"sampler KL {kl:.1e}, most {most:.1e}, ESS {share:.3f}")
    return f"step {int(metrics['step'])}: {', '.join(values)}"
