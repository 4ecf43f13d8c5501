"""Choosing hyper-parameters on the validation panel, by a grid that is part of the recipe."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from tabulate import tabulate

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_json
from arlarena_bench.harness.plan import Job
from arlarena_bench.recipe import Recipe, TunedMethod
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method
from arlarena_bench.training.run import read_metrics

# One evaluation is noisy; the mean of the last two is what a point is judged by.
JUDGED_EVALUATIONS = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One run of the grid: a method, the values tried, and the job that tries them."""

    method: str
    number: int
    values: TunedMethod
    job: Job


def grid_points(preset: str, environment: str, out: Path) -> list[Point]:
    """Return every point of a preset's grid.

    Args:
        preset: Name of a preset, or path of a recipe.
        environment: Short name or id.
        out: Folder under which the runs lie.

    Raises:
        ArenaError: If the recipe has no grid, or a method of it cannot be made or cannot learn
            from this environment's rows.
    """
    base = installed.load_recipe(preset, environment)
    if not base.tuning.grid:
        raise ArenaError(f"{preset} has no tuning.grid for {environment}")
    folder = out / base.name / base.environment.name
    points = [
        _point(base, ["--preset", preset, "--env", environment], folder, method, number, values)
        for method, points in base.tuning.grid.items()
        for number, values in enumerate(points)
    ]
    arena = Arena(base)
    for point in points:
        recipe = point.job.recipe
        method = installed.method(recipe.method.name, **recipe.method.options)
        check_method(method, recipe, arena)
    return points


def _point(
    base: Recipe,
    arguments: Sequence[str],
    folder: Path,
    method: str,
    number: int,
    values: TunedMethod,
) -> Point:
    settings: dict[str, Any] = {"method.options": values.options}
    settings |= {f"train.{name}": value for name, value in values.train.items()}
    place = folder / method / f"point-{number}"
    call = [*arguments, "--method", method, "--seed", str(base.tuning.seed), "--resume"]
    call += ["--out", str(place)]
    for name, value in settings.items():
        call += ["--set", f"{name}={json.dumps(value)}"]
    recipe = base.for_run(method, base.tuning.seed).with_values(settings)
    return Point(method, number, values, Job(recipe, place, tuple(call)))


def judge(points: Sequence[Point]) -> dict[str, Any]:
    """Return each point's validation success, and the best point of each method.

    A tie goes to the point that stands first in the grid.
    """
    tried: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        success = _validation_success(point.job.folder)
        values = point.values.model_dump(mode="json")
        tried.setdefault(point.method, []).append({**values, "validation_success": success})
    chosen = {
        method: max(rows, key=lambda row: row["validation_success"])
        for method, rows in tried.items()
    }
    return {
        "seed": points[0].job.recipe.seed,
        "preset": points[0].job.recipe.name,
        "environment": points[0].job.recipe.environment.id,
        "judged_evaluations": JUDGED_EVALUATIONS,
        "tried": tried,
        "chosen": {
            method: {"options": row["options"], "train": row["train"]}
            for method, row in chosen.items()
        },
    }


def _validation_success(folder: Path) -> float:
    metrics = read_metrics(folder)
    evaluated = [
        metrics[step]["validation/success"]
        for step in sorted(metrics)
        if step > 0 and not math.isnan(metrics[step].get("validation/success", math.nan))
    ]
    return round(fmean(evaluated[-JUDGED_EVALUATIONS:]), 6) if evaluated else 0.0


def write_judgement(points: Sequence[Point], path: Path) -> dict[str, Any]:
    """Judge the grid and write what was found."""
    judgement = judge(points)
    write_json(path, judgement)
    return judgement


def judgement_table(judgement: Mapping[str, Any]) -> str:
    """Return the grid as text, the chosen point of each method marked."""
    rows = []
    for method, points in judgement["tried"].items():
        for point in points:
            values = {"options": point["options"], "train": point["train"]}
            settings = ", ".join(f"{k} {v}" for part in values.values() for k, v in part.items())
            mark = "chosen" if values == judgement["chosen"][method] else ""
            rows.append((method, settings, f"{100 * point['validation_success']:.1f}", mark))
    headers = ["method", "values", "validation success %", ""]
    return tabulate(rows, headers, "simple", disable_numparse=True)
