"""What is measured of a run for a reproduction, by the names that experiments and claims use."""

from collections.abc import Mapping

from arlarena_bench.errors import ArenaError, nearest
from arlarena_bench.record import Result, Summary
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.table import DRAWDOWN_WINDOW
from arlarena_bench.statistics import drawdown, ended_below_start

SUCCESS, SCORE, RETURN = "success", "score", "return"
DRAWDOWN, ENDED_BELOW = "drawdown", "ended below start"
TYPE = "type "  # of task, for example "type pick"
MEASURES = (SUCCESS, SCORE, RETURN, DRAWDOWN, ENDED_BELOW)

Starts = Mapping[tuple[str, str, int], Result]
"""Results of start policies by the hash of their weights, the panel's, and tasks played."""


def check_measure(name: str) -> None:
    """Refuse what nobody measures.

    Raises:
        ValueError: If a name is no measure.
    """
    if name not in MEASURES and not name.startswith(TYPE):
        known = ", ".join((*MEASURES, f"{TYPE}NAME"))
        raise ValueError(f"{name!r} is no measure{nearest(name, MEASURES)} (known: {known})")


def measured(run: FinishedRun, measure: str, starts: Starts) -> float | None:
    """Return a measure of a run; None where its start was not played, or it has no such tasks.

    All are per cent, but the return, which is weighted by turns as the paper's Score is.

    Args:
        run: A trained one.
        measure: One that `check_measure` accepts.
        starts: What `ended below start` is judged by.
    """
    if measure == DRAWDOWN:
        return _drawdown(run.result)
    if measure == ENDED_BELOW:
        start = start_of(run.result, starts)
        return None if start is None else 100.0 * _ended_below(run.result, start)
    return of_summary(run.result.main.summary, measure)


def of_summary(summary: Summary, measure: str) -> float | None:
    """Return a measure that follows from a panel's scores alone; None for any other."""
    if measure == RETURN:
        return summary.reward_turn_weighted
    if measure in (SUCCESS, SCORE):
        return 100 * (summary.success if measure == SUCCESS else summary.score)
    share = summary.success_by_category.get(measure.removeprefix(TYPE))
    return None if share is None else 100 * share


def start_of(result: Result, starts: Starts) -> Result | None:
    """Return the start policy's result on the panel that a run was scored on, if it was played."""
    if result.start is None:
        return None
    found = starts.get((result.start.sha256, result.panel.digest, result.panel.tasks))
    return found if found is not None and result.headline in found.scores else None


def key_of_start(result: Result) -> tuple[str, str, int]:
    """Return what `Starts` calls the result of a start policy.

    Raises:
        ArenaError: If the result is of none.
    """
    if result.start is None:
        raise ArenaError(f"{result.label} is the result of no start policy")
    return result.start.sha256, result.panel.digest, result.panel.tasks


def _drawdown(result: Result) -> float | None:
    metrics = result.training.metrics if result.training else {}
    curve = [value for value in metrics.get("success/train", ()) if value is not None]
    return 100 * drawdown(curve, DRAWDOWN_WINDOW) if curve else None


def _ended_below(result: Result, start: Result) -> bool:
    ours, theirs = (
        [episode.success for episode in found.scores[result.headline].episodes]
        for found in (result, start)
    )
    return ended_below_start(sum(ours), len(ours), sum(theirs), len(theirs))
