"""The metrics of every run of a bench, from the runs' own logs or from their results."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines
from arlarena_bench.labels import label_of_folder
from arlarena_bench.record.legacy import LEGACY_FILE
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.training.collapse import MUST_BE_FINITE, CollapseDetector

WATCHED = ("success/train", "format_valid", "groups/zero_variance")

Record = Mapping[str, Any]
Metrics = dict[str, dict[int, list[Record]]]
"""Method → seed → one record a step."""


def find_metrics(folder: Path) -> tuple[Metrics, list[str]]:
    """Find the metrics of every run of one bench, finished or not, or of a lone run.

    Returns:
        The metrics, and one line for each file that is damaged.

    Raises:
        ArenaError: If there is no such folder, or it holds several benches.
    """
    if not folder.is_dir():
        raise ArenaError(f"no folder {folder}; give one that `arlarena bench --out` has written")
    paths = sorted(folder.rglob("metrics.jsonl"))
    if not paths:
        return _recorded(folder)
    _check_one_bench(folder, paths)
    found: Metrics = {}
    problems = []
    for path in paths:
        try:
            records: list[Record] = list(JsonLines(path))
        except ArenaError as error:
            problems.append(str(error))
            continue
        seed = _seed(path)
        name = label_of_folder(path.parent.name if seed is None else path.parents[1].name)
        if records:
            found.setdefault(name, {})[seed or 0] = records
    return found, problems


def recorded_metrics(runs: Iterable[FinishedRun]) -> Metrics:
    """Return the metrics that the results of one table keep."""
    found: Metrics = {}
    for run in runs:
        if run.result.training is not None:
            records = _by_step(run.result.training.metrics)
            found.setdefault(run.name, {})[run.result.seed] = records
    return found


def seen_to_collapse(run: Sequence[Record], axis: str) -> tuple[float | None, float] | None:
    """Return where on an axis a run collapsed, None if it did not, and where it was last seen.

    Args:
        run: Its records, step by step.
        axis: A metric that counts from the beginning of training.

    Returns:
        None for a run that tells too little of its steps, or has not made any.
    """
    return seen_on_axes(run, [axis])[0]


def seen_on_axes(
    run: Sequence[Record], axes: Sequence[str]
) -> list[tuple[float | None, float] | None]:
    """Return `seen_to_collapse` on each axis; the run is watched once."""
    steps = [record for record in run if record.get("step", 0) > 0]
    if not steps or not all(name in record for name in WATCHED for record in steps):
        return [None for _ in axes]
    collapse = _collapse_in(steps)
    return [
        (None if collapse is None else float(collapse[axis]), float(steps[-1][axis]))
        if all(axis in record for record in steps)
        else None
        for axis in axes
    ]


def _collapse_in(steps: Sequence[Record]) -> Record | None:
    # What was recorded as not finite comes back from a result as not recorded.
    lost = {name for name in MUST_BE_FINITE if any(name in record for record in steps)}
    detector = CollapseDetector()
    for record in steps:
        detector.observe(int(record["step"]), {**dict.fromkeys(lost, math.nan), **record})
        if detector.collapse:
            return record
    return None


def _check_one_bench(folder: Path, files: Sequence[Path]) -> None:
    """Refuse a folder whose files are of runs in several benches."""
    found = {file.parents[2] for file in files if _seed(file) is not None}
    found |= {file.parent for file in files if file.name == LEGACY_FILE}
    if len(found) > 1:
        benches = ", ".join(sorted(bench.as_posix() for bench in found))
        raise ArenaError(f"{folder} holds several benches: give one of {benches}")


def _seed(file: Path) -> int | None:
    """Return the seed of a file's run, if it lies in a bench as `<method>/seed-<n>`."""
    match = re.fullmatch(r"seed-(\d+)", file.parent.name)
    return int(match[1]) if match else None


def _recorded(folder: Path) -> tuple[Metrics, list[str]]:
    """Return the metrics that results keep, where the runs' own folders are not there."""
    runs, problems = find_runs(folder)
    _check_one_bench(folder, [run.source for run in runs])
    return recorded_metrics(runs), problems


def _by_step(columns: Mapping[str, Sequence[float | None]]) -> list[Record]:
    """Return one record a step, without the metrics that the step lacks."""
    return [
        {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        for row in zip(*columns.values(), strict=True)
    ]
