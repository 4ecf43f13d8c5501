"""The table: one row a method, computed from the results of its seeds and nothing else."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.comparison import BASELINE, in_order, label
from arlarena_bench.report.result import FinishedRun, Result
from arlarena_bench.report.statistics import (
    bootstrap_interval,
    interquartile_mean,
    mean,
    paired_differences,
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
        success_interval: Bootstrap interval of the mean; None with one seed.
        difference: Mean success minus the baseline's over the seeds both have; None for the
            baseline itself and where they share no seed.
        difference_interval: Bootstrap interval of the paired difference.
        score: Episode mean of the environment's return.
        score_turn_weighted: The same weighted by turns, as ARLArena's tables have it.
        collapsed: How many seeds collapsed.
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
    difference: float | None
    difference_interval: Interval
    score: float
    score_turn_weighted: float
    collapsed: int
    collapse_step: int | None
    collapse_cause: str | None
    kl_reference: float | None
    valid_format: float
    cpu_minutes: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """The runs of one preset on one panel of one environment, in the order of their rows."""

    runs: tuple[FinishedRun, ...]
    rows: tuple[Row, ...]

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
    """Return a table for each preset, panel and conditions among `runs`; none are ever mixed.

    Raises:
        ArenaError: If two runs are of the same method and seed.
    """
    groups: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in runs:
        result = run.result
        conditions = json.dumps(result.conditions, sort_keys=True)
        key = (result.environment, result.preset, result.panel.digest, conditions)
        groups.setdefault((*key, result.incomparable), []).append(run)
    return [_table(groups[key]) for key in sorted(groups)]


def _table(runs: Sequence[FinishedRun]) -> Table:
    by_method: dict[str, dict[int, FinishedRun]] = {}
    for run in runs:
        name, seed = label(run.result.method), run.result.seed
        other = by_method.setdefault(name, {}).setdefault(seed, run)
        if other is not run:
            raise ArenaError(
                f"two results of {name} seed {seed}: {other.source} and {run.source}; "
                "give the folder of one of them"
            )
    baseline = _success(by_method.get(BASELINE, {}))
    order = in_order(by_method)
    rows = tuple(_row(name, by_method[name], baseline) for name in order)
    ordered = tuple(by_method[name][seed] for name in order for seed in sorted(by_method[name]))
    return Table(ordered, rows)


def _row(name: str, runs: dict[int, FinishedRun], baseline: dict[int, float]) -> Row:
    seeds = tuple(sorted(runs))
    results = [runs[seed].result for seed in seeds]
    success = _success(runs)
    differences = [] if name == BASELINE else paired_differences(success, baseline)
    trained = [result.training for result in results]
    steps = [t.collapse_step for t in trained if t.collapse_step is not None]
    causes = Counter(sorted(t.collapse_cause for t in trained if t.collapse_cause))
    return Row(
        method=name,
        seeds=seeds,
        success=mean(list(success.values())),
        success_iqm=interquartile_mean(list(success.values())),
        success_interval=bootstrap_interval(list(success.values())),
        difference=mean(differences) if differences else None,
        difference_interval=bootstrap_interval(differences),
        score=mean([result.reward for result in results]),
        score_turn_weighted=mean([result.reward_turn_weighted for result in results]),
        collapsed=len(steps),
        collapse_step=median_low(steps) if steps else None,
        collapse_cause=causes.most_common(1)[0][0] if causes else None,
        kl_reference=_mean_of_known(t.kl_ref_final for t in trained),
        valid_format=mean([result.summary.format_valid for result in results]),
        cpu_minutes=_mean_of_known(runs[seed].cpu_minutes for seed in seeds),
    )


def _success(runs: dict[int, FinishedRun]) -> dict[int, float]:
    return {seed: runs[seed].result.success for seed in sorted(runs)}


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


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
