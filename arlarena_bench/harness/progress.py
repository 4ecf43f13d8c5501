"""Showing how a bench is going: live on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines

SMOOTHING = 10  # a step's success is the mean of a few tasks: too noisy to show alone


class Display:
    """What is printed while something long goes on.

    Args:
        console: Where to; whether it is a terminal decides the form.
        interval: Seconds between lines when it is none.
    """

    def __init__(self, console: Console, interval: float = 15.0) -> None:
        self._console = console
        self._interval = interval
        self._last = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: RenderableType, line: str) -> None:
        """Show `view` on a terminal; elsewhere print `line` if the last one is old enough."""
        if self._live is not None:
            self._live.update(view, refresh=True)
        elif time.monotonic() - self._last >= self._interval:
            self._last = time.monotonic()
            self.say(line)

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


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """How far the whole bench is.

    Attributes:
        runs: All of them, in the order in which they start.
        running: Those that are running.
        finished: How many are finished.
        failed: How many have failed.
        elapsed: Seconds since this bench began.
        done_before: Training steps that an earlier bench had done.
    """

    runs: Sequence[RunProgress]
    running: Sequence[RunProgress]
    finished: int
    failed: int
    elapsed: float
    done_before: int

    @property
    def steps(self) -> int:
        """Training steps done."""
        return sum(run.step for run in self.runs)

    @property
    def total_steps(self) -> int:
        """Training steps in all."""
        return sum(run.total for run in self.runs)

    def seconds_left(self, run: RunProgress | None = None) -> float | None:
        """Return an estimate for one running run, or for all; None before the first step.

        Steps of all runs are taken to last equally long, which holds within one preset.
        """
        done = self.steps - self.done_before
        if done <= 0:
            return None
        seconds_a_step = self.elapsed / done
        if run is None:
            return seconds_a_step * (self.total_steps - self.steps)
        return seconds_a_step * max(1, len(self.running)) * (run.total - run.step)

    def line(self) -> str:
        """Return everything in one line."""
        runs = "; ".join(
            f"{run.name} {run.step}/{run.total}, train {_percent(run.train_success)}, "
            f"validation {_percent(run.validation_success)}"
            for run in self.running
        )
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{_clock(self.elapsed)}  {self.finished}/{len(self.runs)} runs finished{failed}, "
            f"{_clock(self.seconds_left())} left | {runs}"
        )

    def view(self) -> RenderableType:
        """Return a table of the running runs above a bar for all."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("run")
        table.add_column("", width=24)
        for heading in ("step", "train", "validation", "left"):
            table.add_column(heading, justify="right")
        for run in self.running:
            table.add_row(
                run.name,
                ProgressBar(run.total, run.step, width=24),
                f"{run.step}/{run.total}",
                _percent(run.train_success),
                _percent(run.validation_success),
                _clock(self.seconds_left(run)),
            )
        failed = f", {self.failed} failed" if self.failed else ""
        table.add_section()
        table.add_row(
            Text("all", style="bold"),
            ProgressBar(self.total_steps, self.steps, width=24),
            f"{self.finished}/{len(self.runs)} runs{failed}",
            "",
            "",
            _clock(self.seconds_left()),
        )
        return table


def cloning_view(record: dict[str, float]) -> tuple[RenderableType, str]:
    """Return a view and a line of how far cloning the start policy is."""
    step, steps, loss = int(record["step"]), int(record["steps"]), record["loss"]
    line = f"start policy: step {step}/{steps}, loss {loss:.3f}"
    row = Table.grid(padding=(0, 2))
    bar = ProgressBar(steps, step, width=24)
    row.add_row("start policy", bar, f"{step}/{steps}", f"loss {loss:.3f}")
    return row, line


def _numbers(records: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [float(r[key]) for r in records if isinstance(r.get(key), int | float)]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
