"""The results of finished runs below a folder, each checked before it may enter a table."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import gymnasium as gym

from arlarena_bench.errors import ArenaError
from arlarena_bench.panel import Panel
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.record import (
    BUNDLE_FILE,
    FAILURE_FILE,
    RESULT_FILE,
    FailureRecord,
    Result,
    check,
    read_failure,
    read_result,
)
from arlarena_bench.record.legacy import LEGACY_FILE, read_legacy


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A result, and the file it stands in.

    Attributes:
        result: It.
        source: The file.
        bundle: Name of the bundle that it was submitted in, where it stands beside results that
            were not; None elsewhere.
    """

    result: Result
    source: Path
    bundle: str | None = None

    @property
    def name(self) -> str:
        """Its method's, as a table's row has it."""
        label = self.result.label
        return label if self.bundle is None else f"{label} ({self.bundle})"

    @property
    def cpu_minutes(self) -> float | None:
        """CPU minutes of its training, None where they were not recorded."""
        seconds = self.result.cost.cpu_seconds
        return None if seconds is None else seconds / 60


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that has no result, why, and the file that says so."""

    record: FailureRecord
    source: Path


def find_failed(place: Path) -> tuple[list[FailedRun], list[str]]:
    """Find the runs below a folder that failed and have not finished since.

    Returns:
        These in order of their paths, and one line for each file that is damaged.
    """
    found, problems = [], []
    for path in sorted(place.rglob(FAILURE_FILE)):
        if path.with_name(RESULT_FILE).exists():
            continue
        try:
            found.append(FailedRun(read_failure(path), path))
        except ArenaError as error:
            problems.append(str(error))
    return found, problems


def find_runs(
    place: Path, known: Iterable[FinishedRun] = ()
) -> tuple[list[FinishedRun], list[str]]:
    """Find every result below a folder, without the turns of its episodes.

    Args:
        place: A folder with results in it, or with what an older version published; or one file.
        known: What was found elsewhere: a file of the same bytes is not read and checked twice.

    Bundles below the folder are left out: whether a submission counts is not for this to say.

    Returns:
        The results that are what they say, in order of their paths, those of older versions last,
        and one line for each that is not, or could not be read or compared with its panel.

    Raises:
        ArenaError: If `place` does not exist, or is a file that holds no result.
    """
    if place.is_file():
        return _checked(_read(place))
    if not place.is_dir():
        raise ArenaError(f"no folder {place}; give one that `arlarena bench --out` has written")
    bundles = {path.parent for path in place.rglob(f"*/{BUNDLE_FILE}")}
    paths = sorted(p for p in place.rglob(RESULT_FILE) if bundles.isdisjoint(p.parents))
    # Beside newer results an older file tells of the same bench.
    benches = {folder for path in paths for folder in path.parents}
    paths += sorted(path for path in place.rglob(LEGACY_FILE) if path.parent not in benches)
    read = {file_hash(run.source): run for run in known if run.source.name == RESULT_FILE}
    found: list[FinishedRun] = []
    problems = []
    for path in paths:
        same = read.get(file_hash(path)) if read else None
        try:
            found += _read(path) if same is None else [replace(same, source=path)]
        except ArenaError as error:
            problems.append(str(error))
    runs, faults = _checked(found, {id(run.result) for run in read.values()})
    return runs, problems + faults


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored_command(run: FinishedRun) -> str | None:
    """Return the command of the bench that an older version published, None for others."""
    if run.source.name != LEGACY_FILE:
        return None
    return read_legacy(run.source)[1]


def _read(path: Path) -> list[FinishedRun]:
    if path.name == LEGACY_FILE:
        return [FinishedRun(result, path) for result in read_legacy(path)[0]]
    return [FinishedRun(read_result(path, turns=False), path)]


def _checked(
    found: Iterable[FinishedRun], before: Container[int] = ()
) -> tuple[list[FinishedRun], list[str]]:
    """Leave out what is not what it says; `before` has the ids of results that were checked."""
    runs, problems = [], []
    panels: dict[str, Panel | None] = {}
    for run in found:
        result = run.result
        if id(result) in before:
            runs.append(run)
            continue
        played = f"{result.recipe.environment.model_dump_json()} {result.panel.split}"
        if played not in panels:
            try:
                panels[played] = _panel(result)
            except (ArenaError, gym.error.Error) as error:
                panels[played] = None
                name = result.recipe.environment.id
                problems.append(f"results of {name} are not compared with their panel: {error}")
        # Of an older record the panel may have been replaced since.
        faults = check(result, None if result.lacks else panels[played])
        if faults:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            problems.append(
                f"{run.source}: {result.label} seed {result.seed}: {faults[0]}{more}; left out"
            )
        else:
            runs.append(run)
    return runs, problems


def _panel(result: Result) -> Panel:
    return make_environment(result.recipe).game.tasks.panel(result.panel.split)
