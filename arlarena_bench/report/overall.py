"""What the runs of all environments of a suite say together, beside their mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median

from arlarena_bench.record import COST_METRICS, TrainingRecord
from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.contrast import Seeds, success
from arlarena_bench.report.suite import Suite
from arlarena_bench.report.table import START, Table
from arlarena_bench.statistics import interquartile_mean, performance_profile, time_to_target

THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 10))
EXPERT = "expert"
SUCCESS, STEP, TOKENS = "validation/success", "step", COST_METRICS["reply_tokens"]


@dataclass(frozen=True, slots=True)
class Overall:
    """One method over the runs of all its environments.

    Attributes:
        method: Its name in the table.
        iqm: Interquartile mean of the success of its runs, all environments pooled.
        profile: Share of runs that solve more than each of `THRESHOLDS`, environments counting
            alike.
        runs: How many runs there are.
        reached: How many of them reached their environment's target; None without targets.
        steps_to_target: Median share of the training steps that a run took to get there; None
            where half of the runs did not.
        tokens_to_target: The same in reply tokens sampled, as a share of what the baseline
            samples in its whole training; None also where tokens are not on record.
    """

    method: str
    iqm: float
    profile: tuple[float, ...]
    runs: int
    reached: int | None
    steps_to_target: float | None
    tokens_to_target: float | None


def targets_of(suite: Suite) -> dict[str, float]:
    """Return the target of each environment: half the way from the start's success to the expert's.

    It depends on no method. Empty unless both were played in every environment.
    """
    found = {}
    for name, table in suite.tables.items():
        played = {row.method: row.success for row in table.rows if row.kind == "reference"}
        if not {START, EXPERT} <= played.keys():
            return {}
        found[name] = (played[START] + played[EXPERT]) / 2
    return found


def overall(suite: Suite) -> list[Overall]:
    """Return what all runs of each method say together, in the order of the suite's rows."""
    targets = targets_of(suite)
    return [
        _overall(
            row.method,
            {name: suite.tables[name] for name in row.environments},
            targets,
        )
        for row in suite.rows
        if row.kind != "reference" and row.environments
    ]


def _overall(method: str, tables: Mapping[str, Table], targets: Mapping[str, float]) -> Overall:
    seeds = {name: table.seeds_of(method) for name, table in tables.items()}
    scores = [success(runs) for runs in seeds.values()]
    pooled = [value for values in scores for value in values]
    steps: list[float] = []
    tokens: list[float] = []
    for name in seeds if targets else ():
        budget = _tokens_of(tables[name].seeds_of(BASELINE))
        for training in _trainings(seeds[name]):
            steps.append(_share_to(training, STEP, targets[name], training.steps))
            tokens.append(_share_to(training, TOKENS, targets[name], budget))
    return Overall(
        method=method,
        iqm=interquartile_mean(pooled),
        profile=tuple(performance_profile(scores, THRESHOLDS)),
        runs=len(pooled),
        reached=sum(share < inf for share in steps) if targets else None,
        steps_to_target=_median(steps),
        tokens_to_target=_median(tokens),
    )


def _trainings(seeds: Seeds) -> list[TrainingRecord]:
    found = (seeds[seed].result.training for seed in sorted(seeds))
    return [training for training in found if training is not None]


def _tokens_of(baseline: Seeds) -> float | None:
    sampled = [run.result.cost.reply_tokens for run in baseline.values()]
    known = [tokens for tokens in sampled if tokens is not None]
    return fmean(known) if known else None


def _share_to(training: TrainingRecord, axis: str, target: float, whole: float | None) -> float:
    """Return where on an axis validation first reaches the target; infinity if it never does."""
    places, values = (training.metrics.get(name, ()) for name in (axis, SUCCESS))
    pairs = zip(places, values, strict=False)
    measured = [(x, y) for x, y in pairs if x is not None and y is not None]
    if not (measured and whole):
        return inf
    reached = time_to_target([x for x, _ in measured], [y for _, y in measured], target)
    return inf if reached is None else reached / whole


def _median(shares: Sequence[float]) -> float | None:
    middle = median(shares) if shares else inf
    return middle if middle < inf else None
