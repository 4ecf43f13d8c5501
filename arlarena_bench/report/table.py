"""The table: one row a method, computed from the results of its seeds and nothing else."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median_low
from typing import Any, Literal

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import Result, comparable, recipe_facts, table_facts
from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.contrast import (
    LEAST_FOR_INTERVAL,
    Contrast,
    Seeds,
    contrasts,
    crossed,
    ranks,
    success,
    untested,
)
from arlarena_bench.report.finding import FailedRun, FinishedRun
from arlarena_bench.report.models import are_models, tasks_interval
from arlarena_bench.ruleset import ruleset_of
from arlarena_bench.statistics import (
    best_of,
    clopper_pearson,
    drawdown,
    ended_below_start,
    interquartile_mean,
    mean_interval,
)

Interval = tuple[float, float] | None
Kind = Literal["reference", "method", "control"]

START = "start"
REFERENCES = (START, "expert", "random")
DRAWDOWN_WINDOW = 10  # steps, as the curves are smoothed


@dataclass(frozen=True, slots=True)
class Stability:
    """What training did to a method's policies.

    Attributes:
        ended_below_start: How many seeds ended significantly below their start policy on the
            panel; None where the start of one was not played on it.
        drawdown: Mean over seeds of the share of its best success in training (running mean of
            10 steps) that a run has lost at the end; None where a seed kept no curve.
        collapsed: How many seeds collapsed.
        collapse_interval: Clopper-Pearson interval of the share that does.
        collapse_step: Median first step of collapse, over those.
        collapse_cause: Their commonest cause.
        kl_reference: KL to the start policy at the end of training, nats a token.
    """

    ended_below_start: int | None
    drawdown: float | None
    collapsed: int
    collapse_interval: tuple[float, float]
    collapse_step: int | None
    collapse_cause: str | None
    kl_reference: float | None


@dataclass(frozen=True, slots=True)
class MeanCost:
    """What a run of a method took, mean over seeds; None where no run recorded it."""

    episodes: float | None
    environment_steps: float | None
    reply_tokens: float | None
    updates: float | None
    cpu_minutes: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One method, or what methods are measured by. Shares lie in [0, 1]; intervals are 95 %.

    Attributes:
        method: Name, or stem of the method's file; `"start"`, a script's name, or a control's.
        ruleset: How its values were chosen; None where nobody knows, and for a reference.
        kind: A method, a `"reference"` that methods are measured by, or a `"control"`: another
            method with more of something, which is neither ranked nor tested.
        seeds: The seeds that finished; those whose starts were played for `"start"`.
        success: Mean over seeds of the success rate under the headline decoder.
        success_iqm: Interquartile mean of the same.
        success_interval: Student's t interval of the mean, cut at 0 and 1; None below 3 seeds.
            In a table of models that over tasks, `tasks_interval`.
        worst_seed: The least success of a seed.
        other_decoders: Success under each other decoder, by its name.
        rank: Letters shared by methods that are not separated; None below 6 seeds, and for what
            is no method.
        best: Whether it leads the ranked methods, or is not separated from the one that does.
        contrast: Against the baseline, without p for a control; None for the baseline itself
            and where that is absent.
        score: Episode mean of the environment's return.
        score_turn_weighted: The same weighted by turns, as ARLArena's tables have it.
        valid_format: Share of replies in the strict format.
        stability: None for a reference.
        cost: None for a reference.
    """

    method: str
    kind: Kind
    ruleset: str | None
    seeds: tuple[int, ...]
    success: float
    success_iqm: float
    success_interval: Interval
    worst_seed: float
    other_decoders: dict[str, float]
    rank: str | None
    best: bool
    contrast: Contrast | None
    score: float
    score_turn_weighted: float
    valid_format: float
    stability: Stability | None
    cost: MeanCost | None


@dataclass(frozen=True, slots=True)
class Table:
    """The runs that are comparable with each other, in the order of their rows.

    Attributes:
        runs: Those that finished.
        rows: One for each method of which a seed has finished.
        crossed: Whether seed s of every method trained from start s, so that differences are
            paired.
        failed: Runs of the same settings that failed and have not finished since.
    """

    runs: tuple[FinishedRun, ...]
    rows: tuple[Row, ...]
    crossed: bool
    failed: tuple[FailedRun, ...] = ()

    @property
    def any_result(self) -> Result:
        """A result that speaks for all in what they share; a trained one if there is any."""
        results = [run.result for run in self.runs]
        return next((result for result in results if not _is_reference(result)), results[0])

    @property
    def trained(self) -> list[Result]:
        """The results that are no references."""
        return [run.result for run in self.runs if not _is_reference(run.result)]

    @property
    def of_models(self) -> bool:
        """Whether nothing in it was trained."""
        return are_models([run.result for run in self.runs])

    @property
    def benched(self) -> list[Result]:
        """The results that were not submitted; all if each was."""
        return [r.result for r in self.runs if r.bundle is None] or [r.result for r in self.runs]

    @property
    def failed_labels(self) -> set[str]:
        """The methods and controls of which a seed failed."""
        return {run.record.label for run in self.failed}

    def seeds_of(self, method: str) -> Seeds:
        """The runs of a method, by seed."""
        found = (run for run in self.runs if not _is_reference(run.result))
        return {run.result.seed: run for run in found if run.name == method}

    def why_not_joined(self, other: "Table") -> str:
        """Return one line that says why two tables are two."""
        reasons = comparable(self.any_result, other.any_result)
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        return f"{reasons[0]}{more}" if reasons else "they are of the same settings"

    def to_json(self, command: str) -> dict[str, Any]:
        """Return the table, the command that makes it and every run in it as JSON data."""
        shared = self.any_result
        return {
            "preset": shared.recipe.name,
            "environment": shared.recipe.environment.id,
            "panel": shared.panel.model_dump(),
            "decoder": shared.headline,
            "command": command,
            "rows": [asdict(row) for row in self.rows],
            "runs": [_run_json(run) for run in self.runs],
            "failed": [_failed_json(run) for run in self.failed],
        }


def build_tables(runs: Iterable[FinishedRun], failed: Sequence[FailedRun] = ()) -> list[Table]:
    """Return a table for each set of comparable results among `runs`; none are ever mixed.

    What methods are measured by, starts and scripts, stands in every table that it fits, and so
    do runs that failed. Scripts that fit none have their own.

    Raises:
        ArenaError: If two runs are of the same method and seed, or began from different starts
            with the same seed.
    """
    groups: dict[tuple[str, ...], list[FinishedRun]] = {}
    references = []
    for run in runs:
        if _is_reference(run.result):
            references.append(run)
        else:
            groups.setdefault(table_of(run.result), []).append(run)
    measured = [group[0].result for group in groups.values()]
    for run in references:
        alone = run.result.policy.kind == "scripted" or not measured
        if alone and all(comparable(run.result, result) for result in measured):
            groups.setdefault(table_of(run.result), []).append(run)
    tables = []
    for _, group in sorted(groups.items()):
        there = {id(run) for run in group}
        others = [run for run in references if id(run) not in there]
        fitting = [run for run in others if not comparable(run.result, group[0].result)]
        tables.append(_table(fitting + group, failed))
    return tables


def without_table(tables: Iterable[Table], failed: Iterable[FailedRun]) -> list[str]:
    """Return a line for each run that failed and is in none of the tables."""
    shown = {run.source for table in tables for run in table.failed}
    return [
        f"{run.record.name} failed: {run.record.reason} ({run.source})"
        for run in failed
        if run.source not in shown
    ]


def _is_reference(result: Result) -> bool:
    return _kind(result) == "reference"


def _kind(result: Result) -> Kind:
    if result.policy.kind in ("start", "scripted"):
        return "reference"
    return "method" if result.recipe.control is None else "control"


def run_row(run: FinishedRun) -> tuple[Kind, str]:
    """Return the row of its table that a run is a seed of: what kind of row, and its name."""
    kind = _kind(run.result)
    if kind == "reference":
        return kind, START if run.result.policy.kind == "start" else run.result.label
    return kind, run.name


def table_of(result: Result) -> tuple[str, ...]:
    """Return what the results of one table share, in the order of tables."""
    recipe = result.recipe
    facts = json.dumps(table_facts(result), sort_keys=True)
    return recipe.environment.id, recipe.name, result.panel.name, facts


def _table(runs: Sequence[FinishedRun], failed: Sequence[FailedRun]) -> Table:
    kinds: dict[Kind, dict[str, dict[int, FinishedRun]]] = {
        "reference": {}, "method": {}, "control": {},
    }  # fmt: skip
    for run in runs:
        (kind, name), seed = run_row(run), run.result.seed
        other = kinds[kind].setdefault(name, {}).setdefault(seed, run)
        if other is not run:
            raise ArenaError(
                f"two results of {name} seed {seed}: {other.source} and {run.source}; "
                "give the folder of one of them"
            )
    references, methods, controls = kinds.values()
    starts = references.get(START, {})
    _check_starts([*methods.values(), *controls.values(), starts])
    for block in (*methods.values(), *controls.values()):
        _check_alike(block)
    first = [name for name in REFERENCES if name in references]
    first += sorted(references.keys() - set(first))
    against, letters = contrasts(methods, BASELINE), ranks(methods)
    best = best_of(letters)
    beside = untested(controls, methods.get(BASELINE))
    rows = [_row(name, "reference", references[name], starts) for name in first]
    rows += [
        replace(
            _row(name, "method", methods[name], starts, against.get(name), letters.get(name)),
            best=name in best,
        )
        for name in in_order(methods)
    ]
    rows += [
        _row(name, "control", controls[name], starts, beside.get(name))
        for name in in_order(controls)
    ]
    if are_models([run.result for run in runs]):
        rows = [_over_tasks(row, kinds[row.kind][row.method]) for row in rows]
    ordered = tuple(kinds[row.kind][row.method][seed] for row in rows for seed in row.seeds)
    return Table(ordered, tuple(rows), crossed(methods), _missing(failed, ordered))


def _missing(failed: Sequence[FailedRun], finished: Sequence[FinishedRun]) -> tuple[FailedRun, ...]:
    """Return the runs that failed where these finished, in the order of the table's rows."""
    facts = recipe_facts(finished[0].result.recipe)
    there = {(run.name, run.result.seed) for run in finished}
    missing = {
        (run.record.label, run.record.recipe.seed): run
        for run in failed
        if recipe_facts(run.record.recipe) == facts
    }
    labels = in_order(label for label, _ in missing)
    order = sorted(missing.keys() - there, key=lambda key: (labels.index(key[0]), key[1]))
    return tuple(missing[key] for key in order)


def _check_starts(blocks: Sequence[Seeds]) -> None:
    first: dict[int, FinishedRun] = {}
    for block in blocks:
        for seed, run in block.items():
            other = first.setdefault(seed, run)
            if other.result.start != run.result.start:
                reason = comparable(other.result, run.result)[0]
                raise ArenaError(f"{other.source} and {run.source} share no table: {reason}")


def _check_alike(block: Seeds) -> None:
    first, *others = block.values()
    for run in others:
        if reasons := comparable(first.result, run.result):
            raise ArenaError(f"{first.source} and {run.source} share no table: {reasons[0]}")


def _row(
    name: str,
    kind: Kind,
    runs: Seeds,
    starts: Seeds,
    contrast: Contrast | None = None,
    rank: str | None = None,
) -> Row:
    seeds = tuple(sorted(runs))
    results = [runs[seed].result for seed in seeds]
    summaries = [result.main.summary for result in results]
    solved = success(runs)
    decoders = sorted(results[0].scores.keys() - {results[0].headline})
    return Row(
        method=name,
        kind=kind,
        ruleset=None if kind == "reference" else _ruleset(results),
        seeds=seeds,
        success=fmean(solved),
        success_iqm=interquartile_mean(solved),
        success_interval=_interval(solved),
        worst_seed=min(solved),
        other_decoders={
            decoder: fmean(result.scores[decoder].summary.success for result in results)
            for decoder in decoders
        },
        rank=rank,
        best=False,
        contrast=contrast,
        score=fmean(summary.reward for summary in summaries),
        score_turn_weighted=fmean(summary.reward_turn_weighted for summary in summaries),
        valid_format=fmean(summary.format_valid for summary in summaries),
        stability=_stability(runs, starts),
        cost=None if kind == "reference" else _cost(runs),
    )


def _over_tasks(row: Row, runs: Seeds) -> Row:
    """Return the row of a policy that was not trained, whose only seed says nothing of training."""
    if len(runs) > 1:
        return row
    (run,) = runs.values()
    return replace(row, ruleset=None, cost=None, success_interval=tasks_interval(run.result))


def _ruleset(results: Sequence[Result]) -> str | None:
    """Return the ruleset on record; what does not lack other things has it by its recipe."""
    known = {result.ruleset or ruleset_of(result.recipe) for result in results if not result.lacks}
    return ", ".join(sorted(known)) or None


def _interval(shares: Sequence[float]) -> Interval:
    if len(shares) < LEAST_FOR_INTERVAL:
        return None
    low, high = mean_interval(shares)
    return max(low, 0.0), min(high, 1.0)


def _stability(runs: Seeds, starts: Seeds) -> Stability | None:
    trained = [run.result.training for _, run in sorted(runs.items()) if run.result.training]
    if not trained:
        return None
    steps = [t.collapse_step for t in trained if t.collapse_step is not None]
    causes = Counter(sorted(t.collapse_cause for t in trained if t.collapse_cause))
    curves = [
        [value for value in t.metrics.get("success/train", ()) if value is not None]
        for t in trained
    ]
    return Stability(
        ended_below_start=_ended_below_start(runs, starts),
        drawdown=fmean(drawdown(c, DRAWDOWN_WINDOW) for c in curves) if all(curves) else None,
        collapsed=len(steps),
        collapse_interval=clopper_pearson(len(steps), len(trained)),
        collapse_step=median_low(steps) if steps else None,
        collapse_cause=causes.most_common(1)[0][0] if causes else None,
        kl_reference=_mean_of_known(t.last("kl_ref") for t in trained),
    )


def _ended_below_start(runs: Seeds, starts: Seeds) -> int | None:
    played = {_start_of(run.result): run.result for run in starts.values()}
    below = 0
    for run in runs.values():
        start = played.get(_start_of(run.result))
        if start is None:
            return None
        below += ended_below_start(*_solved(run.result), *_solved(start))
    return below


def _start_of(result: Result) -> str | None:
    return result.start.sha256 if result.start else None


def _solved(result: Result) -> tuple[int, int]:
    episodes = result.main.episodes
    return sum(episode.success for episode in episodes), len(episodes)


def _cost(runs: Seeds) -> MeanCost:
    costs = [run.result.cost for run in runs.values()]
    return MeanCost(
        episodes=_mean_of_known(cost.episodes for cost in costs),
        environment_steps=_mean_of_known(cost.environment_steps for cost in costs),
        reply_tokens=_mean_of_known(cost.reply_tokens for cost in costs),
        updates=_mean_of_known(cost.updates for cost in costs),
        cpu_minutes=_mean_of_known(run.cpu_minutes for run in runs.values()),
    )


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _failed_json(run: FailedRun) -> dict[str, Any]:
    record = run.record
    return {
        **record.model_dump(mode="json", exclude={"recipe"}),
        "method": record.label,
        "seed": record.recipe.seed,
        "source": run.source.as_posix(),
    }


def _run_json(run: FinishedRun) -> dict[str, Any]:
    result = run.result
    kept = {"policy", "provenance", "start", "conditions", "cost", "usage", "lacks"}
    training = result.training
    return {
        **result.model_dump(mode="json", include=kept),
        "method": result.label,
        "options": result.recipe.method.options,
        "seed": result.seed,
        "source": run.source.as_posix(),
        "recipe_digest": result.recipe.digest(),
        "scores": {name: score.summary.model_dump() for name, score in result.scores.items()},
        "training": training.model_dump(exclude={"metrics"}) if training else None,
    }
