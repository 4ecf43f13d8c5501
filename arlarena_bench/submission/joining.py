"""Rows of submitted bundles in the tables of a leaderboard."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import BUNDLE_FILE
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.report.table import run_row, table_of
from arlarena_bench.submission.bundle_folder import RUNS
from arlarena_bench.submission.read_header import header_of
from arlarena_bench.submission.withdrawals import WITHDRAWN_FILE, read_withdrawals

_Row = tuple[tuple[str, ...], tuple[str, str]]
"""Its table, and which of its rows it is."""


def with_submitted(
    place: Path, published: Sequence[FinishedRun]
) -> tuple[list[FinishedRun], list[str]]:
    """Add what bundles below a folder have that is not published there.

    A row out of a bundle is named `<method> (<bundle>)`. A row that is published stays the
    published one: of a bundle's own GRPO its calibration speaks. What is withdrawn stays out.

    Args:
        place: A leaderboard; a bundle itself has nothing below it.
        published: What `find_runs` has found in it.

    Returns:
        All runs, and one line for each bundle that says what became of it.
    """
    rows = {_row(run) for run in published}
    runs, said = list(published), []
    for folder in sorted(path.parent for path in place.rglob(f"*/{BUNDLE_FILE}")):
        if not (place / BUNDLE_FILE).exists():
            found, line = _of_bundle(folder, rows)
            runs += found
            said.append(f"{folder}: {line}")
    return runs, said


def _of_bundle(folder: Path, rows: set[_Row]) -> tuple[list[FinishedRun], str]:
    try:
        header = header_of(folder)
        withdrawn = {each.id: each for each in read_withdrawals(_withdrawals(folder))}
    except ArenaError as error:
        return [], f"left out: {error}"
    if (gone := withdrawn.get(header.id)) is not None:
        return [], f"left out: withdrawn by {gone.by}, {gone.reason}"
    found, faults = find_runs(folder / RUNS)
    if faults:
        return [], f"left out: {faults[0]}"
    new = list(_named(found, folder.name, rows))
    rows.update(_row(run) for run in new)
    names = sorted({run.name for run in new})
    return new, f"adds {', '.join(names)}" if names else "every row is a published one"


def _named(found: Sequence[FinishedRun], bundle: str, rows: set[_Row]) -> Iterator[FinishedRun]:
    for run in found:
        if _row(run) not in rows:
            yield replace(run, bundle=bundle)


def _row(run: FinishedRun) -> _Row:
    return table_of(run.result), run_row(run)


def _withdrawals(folder: Path) -> Path:
    return folder.parent.parent / WITHDRAWN_FILE
