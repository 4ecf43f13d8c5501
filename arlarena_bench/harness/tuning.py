"""Choosing hyper-parameters on the validation panel, by successive halving of a recipe's grid."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from tabulate import tabulate

from arlarena_bench import installed
from arlarena_bench.departures import TUNED_SUFFIX
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_json, write_whole
from arlarena_bench.harness.plan import (
    Job,
    check_settings_count,
    parse_settings,
    refuse_settings,
    unfit,
)
from arlarena_bench.harness.processes import Failure
from arlarena_bench.labels import folder_name, label
from arlarena_bench.recipe import Recipe, TunedMethod
from arlarena_bench.record import COST_METRICS
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.run import read_metrics

# One evaluation is noisy; the mean of the last two is what a run is judged by.
JUDGED_EVALUATIONS = 2
# What the grid gives each of its runs.
OF_POINTS = {
    "seed": "tuning.seed is the first of the tuning.seeds that each point is tried with",
    "method": "tuning.grid says which methods and options are tried",
}

Judgement = dict[str, Any]
RunJobs = Callable[[Sequence[Job]], list[Failure]]


@dataclass(frozen=True, slots=True)
class Point:
    """Values tried for a method, and the runs that try them, one a seed."""

    method: str
    number: int
    values: TunedMethod
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of a recipe, and where their runs lie.

    Attributes:
        left_out: Of the grid's methods, those that cannot learn from this environment's rows, and
            why.
    """

    recipe: Recipe
    folder: Path
    points: tuple[Point, ...]
    left_out: Mapping[str, str]

    @property
    def rungs(self) -> list[int]:
        """The steps at whose ends points are judged: each has been evaluated there."""
        train, every = self.recipe.train, self.recipe.evaluation.every
        shares = self.recipe.tuning.rungs
        steps = [math.ceil(share * train.iterations / every) * every for share in shares]
        return list(dict.fromkeys(min(step, train.iterations) for step in steps))


def read_grid(preset: str, environment: str, out: Path, settings: Sequence[str] = ()) -> Grid:
    """Return every point of a preset's grid.

    Args:
        preset: Name of a preset, or path of a recipe.
        environment: Short name or id.
        out: Folder under which the runs lie.
        settings: Replacements in the recipe, each `"dotted.key=value"`.

    Raises:
        ArenaError: If the recipe has no grid or never evaluates, a setting is wrong, a method of
            the grid cannot be made, or none can learn from this environment's rows.
    """
    values = parse_settings(settings)
    preset_recipe = installed.load_recipe(preset, environment)
    base = preset_recipe.with_values(values)
    refuse_settings(values, OF_POINTS)
    check_settings_count(base, values)
    if not base.tuning.grid:
        raise ArenaError(f"{preset} has no tuning.grid for {environment}")
    if base.evaluation.every > base.train.iterations:
        raise ArenaError(
            f"evaluation.every ({base.evaluation.every}) must not exceed train.iterations "
            f"({base.train.iterations}), or no point is ever evaluated"
        )
    folder = out / base.name / base.environment.name
    call = ["--preset", preset, "--env", environment]
    for setting in settings:
        call += ["--set", setting]
    seeds = range(base.tuning.seed, base.tuning.seed + base.tuning.seeds)

    def jobs(method: str, number: int, point: TunedMethod) -> Iterator[Job]:
        tried = {"method.options": point.options}
        tried |= {f"train.{name}": value for name, value in point.train.items()}
        words = [
            word for key, value in tried.items() for word in ("--set", f"{key}={json.dumps(value)}")
        ]
        for seed in seeds:
            place = folder / folder_name(label(method)) / f"point-{number}" / f"seed-{seed}"
            run = ["--method", method, "--seed", str(seed), "--resume", "--out", str(place)]
            recipe = preset_recipe.for_run(method, seed, {**values, **tried})
            yield Job(recipe, place, (*call, *run, *words))

    points = tuple(
        Point(method, number, point, tuple(jobs(method, number, point)))
        for method in base.tuning.grid
        for number, point in enumerate(base.tuning.points(method, base.train))
    )
    left_out = unfit([point.jobs[0].recipe for point in points])
    fit = tuple(point for point in points if point.method not in left_out)
    if not fit:
        raise ArenaError(next(iter(left_out.values())))
    return Grid(base, folder, fit, left_out)


def tune(grid: Grid, run: RunJobs) -> tuple[Judgement | None, list[Failure]]:
    """Run the grid rung by rung; the better half of each method's points goes on.

    A point that goes on does so from its checkpoint, and every method makes as many steps. A
    tie goes to the point that stands first in the grid.

    Args:
        grid: What is tried.
        run: Makes the steps that jobs lack, and returns what failed.

    Returns:
        What was tried and chosen, None if a run failed; and what failed.
    """
    left = {method: [p for p in grid.points if p.method == method] for method in _methods(grid)}
    successes: dict[tuple[str, int], list[list[float]]] = {}
    for step in grid.rungs:
        points = [point for points in left.values() for point in points]
        if failures := run([_until(job, step) for point in points for job in point.jobs]):
            return None, failures
        for point in points:
            judged = [_validation_success(job.folder, step) for job in point.jobs]
            successes.setdefault((point.method, point.number), []).append(judged)
        for method, points in left.items():
            points.sort(key=lambda p: (-fmean(successes[p.method, p.number][-1]), p.number))
            left[method] = points[: math.ceil(len(points) / 2)]
        if all(len(points) == 1 for points in left.values()):
            break
    return _judgement(grid, successes, {method: points[0] for method, points in left.items()}), []


def _methods(grid: Grid) -> list[str]:
    return [method for method in grid.recipe.tuning.grid if method not in grid.left_out]


def _until(job: Job, step: int) -> Job:
    return replace(job, until=step, arguments=(*job.arguments, "--until", str(step)))


def _judgement(
    grid: Grid,
    successes: Mapping[tuple[str, int], Sequence[Sequence[float]]],
    chosen: Mapping[str, Point],
) -> Judgement:
    recipe = grid.recipe
    tried: dict[str, list[dict[str, Any]]] = {method: [] for method in _methods(grid)}
    cost: dict[str, dict[str, int]] = {method: {} for method in _methods(grid)}
    for point in grid.points:
        judged = successes[point.method, point.number]
        rungs = [
            {"step": step, "validation_success": list(seeds)}
            for step, seeds in zip(grid.rungs, judged, strict=False)  # a point may stop before
        ]
        tried[point.method].append({**point.values.model_dump(mode="json"), "rungs": rungs})
        for job in point.jobs:
            _add(cost[point.method], _cost(job.folder, grid.rungs[len(judged) - 1]))
    return {
        "preset": recipe.name,
        "environment": recipe.environment.id,
        "panel": Arena(recipe).game.tasks.panel("validation").digest,
        "decoder": next(iter(recipe.evaluation.scored())),
        "seeds": sorted({job.recipe.seed for point in grid.points for job in point.jobs}),
        "judged_evaluations": JUDGED_EVALUATIONS,
        **({"left_out": dict(grid.left_out)} if grid.left_out else {}),
        "tried": tried,
        "chosen": {
            method: point.values.model_dump(mode="json") for method, point in chosen.items()
        },
        "cost": cost,
    }


def _validation_success(folder: Path, until: int) -> float:
    metrics = read_metrics(folder)
    evaluated = [
        metrics[step]["validation/success"]
        for step in sorted(metrics)
        if 0 < step <= until and not math.isnan(metrics[step].get("validation/success", math.nan))
    ]
    return round(fmean(evaluated[-JUDGED_EVALUATIONS:]), 6) if evaluated else 0.0


def _cost(folder: Path, step: int) -> dict[str, int]:
    """Return what a run took until a step, as `CostRecord` counts it."""
    metrics = read_metrics(folder)[step]
    counted = {name: int(metrics[metric]) for name, metric in COST_METRICS.items()}
    return {"iterations": step, **counted}


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def write_judgement(grid: Grid, judgement: Judgement) -> list[Path]:
    """Write what was found, and the recipe of the chosen values beside it.

    Returns:
        `tuning.json` and `tuned.yaml`. The recipe names the first by its hash, and is called
        as the one that was tuned with `-tuned` behind it.
    """
    record, recipe = grid.folder / "tuning.json", grid.folder / "tuned.yaml"
    write_json(record, judgement)
    methods = {name: tuned.model_dump() for name, tuned in grid.recipe.methods.items()}
    values = {
        "name": f"{grid.recipe.name}{TUNED_SUFFIX}",
        "methods": {**methods, **judgement["chosen"]},
        "tuning.record": hashlib.sha256(record.read_bytes()).hexdigest(),
    }
    write_whole(recipe, grid.recipe.with_values(values).to_yaml())
    return [record, recipe]


def judgement_table(judgement: Judgement) -> str:
    """Return the grid as text: mean success over seeds at each rung, the chosen points marked."""
    tried = judgement["tried"]
    steps = max(
        (
            [rung["step"] for rung in point["rungs"]]
            for points in tried.values()
            for point in points
        ),
        key=len,
    )
    rows = []
    for method, points in tried.items():
        for point in points:
            values = {"options": point["options"], "train": point["train"]}
            settings = ", ".join(f"{k} {v:g}" for part in values.values() for k, v in part.items())
            means = [f"{100 * fmean(rung['validation_success']):.1f}" for rung in point["rungs"]]
            mark = "chosen" if values == judgement["chosen"][method] else ""
            rows.append((method, settings, *_padded(means, len(steps)), mark))
    headers = ["method", "values", *(f"% at step {step}" for step in steps), ""]
    return tabulate(rows, headers, "simple", disable_numparse=True)


def _padded(cells: Iterable[str], length: int) -> list[str]:
    given = list(cells)
    return given + [""] * (length - len(given))
