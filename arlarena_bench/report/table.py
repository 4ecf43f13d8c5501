"""The table: one row a method, computed from the results of its seeds and nothing else."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median_low
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.contrast import (
    LEAST_FOR_INTERVAL,
    Contrast,
    contrasts,
    crossed,
    ranks,
    success,
)
from arlarena_bench.report.result import FinishedRun, Result
from arlarena_bench.statistics import (
    clopper_pearson,
    ended_below_start,
    interquartile_mean,
    mean_interval,
)

Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One method. Success and valid format are shares in [0, 1]; intervals are 95 %.

    Attributes:
        method: Name, or stem of the method's file.
        seeds: The seeds that finished.
        success: Mean over seeds of the success rate.
        success_iqm: Interquartile mean of the same.
        success_interval: Student's t interval of the mean, cut at 0 and 1; None below 3 seeds.
        worst_seed: The least success of a seed.
        rank: Letters shared by methods that are not separated; None below 6 seeds.
        contrast: Against the baseline; None for the baseline itself and where that is absent.
        score: Episode mean of the environment's return.
        score_turn_weighted: The same weighted by turns, as ARLArena's tables have it.
        ended_below_start: How many seeds ended significantly below their start policy on the
            panel; None where a start's success on it is unknown.
        collapsed: How many seeds collapsed.
        collapse_interval: Clopper-Pearson interval of the share that does.
        collapse_step: Median first step of collapse, over those.
        collapse_cause: Their commonest cause.
        kl_reference: KL to the start policy at the end of training, nats a token.
        valid_format: Share of replies in the strict format.
        cpu_minutes: CPU minutes of a run; None where no run kept its timing.
    """

    method: str
    seeds: tuple[int, ...]
    success: float
    success_iqm: float
    success_interval: Interval
    worst_seed: float
    rank: str | None
    contrast: Contrast | None
    score: float
    score_turn_weighted: float
    ended_below_start: int | None
    collapsed: int
    collapse_interval: tuple[float, float]
    collapse_step: int | None
    collapse_cause: str | None
    kl_reference: float | None
    valid_format: float
    cpu_minutes: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """The runs of one preset on one panel of one environment, in the order of their rows.

    `crossed` says whether seed s of every method trained from start s, so that differences are
    paired.
    """

    runs: tuple[FinishedRun, ...]
    rows: tuple[Row, ...]
    crossed: bool

    @property
    def any_result(self) -> Result:
        """A result that speaks for all in what they share: environment, preset, panel."""
        return self.runs[0].result

    def to_json(self, command: str) -> dict[str, Any]:
        """Return the table, the command that makes it and every run in it as JSON data."""
        shared = self.any_result
        return {
            "preset": shared.preset,
            "environment": shared.environment,
            "panel": shared.panel.model_dump(),
            "command": command,
            "rows": [asdict(row) for row in self.rows],
            "runs": [_run_json(run) for run in self.runs],
        }


def build_tables(runs: Iterable[FinishedRun]) -> list[Table]:
    """Return a table for each preset, panel, set of starts and conditions; none are ever mixed.

    Raises:
        ArenaError: If two runs are of the same method and seed.
    """
    groups: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in runs:
        result = run.result
        conditions = json.dumps(result.conditions, sort_keys=True)
        key = (result.environment, result.preset, result.panel.digest, conditions)
        starts = result.start.set or ""
        groups.setdefault((*key, starts, result.incomparable), []).append(run)
    return [_table(groups[key]) for key in sorted(groups)]


def _table(runs: Sequence[FinishedRun]) -> Table:
    by_method: dict[str, dict[int, FinishedRun]] = {}
    for run in runs:
        name, seed = run.result.label, run.result.seed
        other = by_method.setdefault(name, {}).setdefault(seed, run)
        if other is not run:
            raise ArenaError(
                f"two results of {name} seed {seed}: {other.source} and {run.source}; "
                "give the folder of one of them"
            )
    order = in_order(by_method)
    against, letters = contrasts(by_method, BASELINE), ranks(by_method)
    rows = tuple(
        _row(name, by_method[name], against.get(name), letters.get(name)) for name in order
    )
    ordered = tuple(by_method[name][seed] for name in order for seed in sorted(by_method[name]))
    return Table(ordered, rows, crossed(by_method))


def _row(
    name: str, runs: dict[int, FinishedRun], contrast: Contrast | None, rank: str | None
) -> Row:
    seeds = tuple(sorted(runs))
    results = [runs[seed].result for seed in seeds]
    solved = success(runs)
    trained = [result.training for result in results]
    steps = [t.collapse_step for t in trained if t.collapse_step is not None]
    causes = Counter(sorted(t.collapse_cause for t in trained if t.collapse_cause))
    return Row(
        method=name,
        seeds=seeds,
        success=fmean(solved),
        success_iqm=interquartile_mean(solved),
        success_interval=_interval(solved),
        worst_seed=min(solved),
        rank=rank,
        contrast=contrast,
        score=fmean(result.reward for result in results),
        score_turn_weighted=fmean(result.reward_turn_weighted for result in results),
        ended_below_start=_ended_below_start(results),
        collapsed=len(steps),
        collapse_interval=clopper_pearson(len(steps), len(seeds)),
        collapse_step=median_low(steps) if steps else None,
        collapse_cause=causes.most_common(1)[0][0] if causes else None,
        kl_reference=_mean_of_known(t.kl_ref_final for t in trained),
        valid_format=fmean(result.summary.format_valid for result in results),
        cpu_minutes=_mean_of_known(runs[seed].cpu_minutes for seed in seeds),
    )


def _interval(shares: Sequence[float]) -> Interval:
    if len(shares) < LEAST_FOR_INTERVAL:
        return None
    low, high = mean_interval(shares)
    return max(low, 0.0), min(high, 1.0)


def _ended_below_start(results: Sequence[Result]) -> int | None:
    below = 0
    for result in results:
        start, tasks = result.training.start_test_success, len(result.episodes)
        if start is None:
            return None
        solved = sum(episode.success for episode in result.episodes)
        below += ended_below_start(solved, tasks, round(start * tasks), tasks)
    return below


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _run_json(run: FinishedRun) -> dict[str, Any]:
    result = run.result
    return {
        "method": result.method,
        "options": result.options,
        "seed": result.seed,
        "source": run.source.as_posix(),
        "recipe_digest": result.recipe_digest,
        "start_policy": result.start_policy,
        "commit": result.commit,
        "version": result.version,
        "summary": result.summary.model_dump(),
        "training": result.training.model_dump(),
        "cpu_minutes": run.cpu_minutes,
    }
