"""Rows of submitted bundles in the tables of a leaderboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class _Bundle:
    folder: Path
    submitter: str
    sources: dict[str, str]
    tables: frozenset[tuple[str, ...]]
    runs: Sequence[FinishedRun]


def with_submitted(
    place: Path, published: Sequence[FinishedRun]
) -> tuple[list[FinishedRun], list[str]]:
    """Add what bundles below a folder have that is not published there.

    A row out of a bundle is named `<method> (<submitter>)`, so that bundles of several
    environments are one row of a suite; `<method> (<bundle>)` where a submitter's bundles have a
    table in common, or other files under one method's name. Where nothing is published and all is
    of one submitter, names stay as they are. A row that is published stays the published one: of
    a bundle's own GRPO its calibration speaks. What is withdrawn stays out.

    Args:
        place: A leaderboard; a bundle itself has nothing below it.
        published: What `find_runs` has found in it.

    Returns:
        All runs, and one line for each bundle that says what became of it.
    """
    found: list[_Bundle | str] = []
    if not (place / BUNDLE_FILE).exists():
        for folder in sorted(path.parent for path in place.rglob(f"*/{BUNDLE_FILE}")):
            try:
                found.append(_opened(folder, published))
            except ArenaError as error:
                found.append(f"{folder}: left out: {error}")
    names = _names([each for each in found if isinstance(each, _Bundle)])
    alone = not published and len(set(names.values())) == 1
    rows = {_row(run) for run in published}
    runs, said = list(published), []
    for each in found:
        if isinstance(each, str):
            said.append(each)
            continue
        name = None if alone else names[each.folder]
        new = list(_named(each.runs, name, rows))
        rows.update(_row(run) for run in new)
        runs += new
        added = sorted({run.name for run in new})
        said.append(
            f"{each.folder}: "
            + (f"adds {', '.join(added)}" if added else "every row is a published one")
        )
    return runs, said


def _opened(folder: Path, published: Sequence[FinishedRun]) -> _Bundle:
    header = header_of(folder)
    withdrawn = {each.id: each for each in read_withdrawals(_withdrawals(folder))}
    if (gone := withdrawn.get(header.id)) is not None:
        raise ArenaError(f"withdrawn by {gone.by}, {gone.reason}")
    found, faults = find_runs(folder / RUNS, published)
    if faults:
        raise ArenaError(faults[0])
    sources = {method: files.source for method, files in header.methods.items()}
    tables = frozenset(table_of(run.result) for run in found)
    return _Bundle(folder, header.submitter.name, sources, tables, found)


def _names(bundles: Sequence[_Bundle]) -> dict[Path, str]:
    """Return what each bundle's rows are named by: whose it is, or where it lies."""
    names = {}
    for bundle in bundles:
        others = [
            each for each in bundles if each.submitter == bundle.submitter and each is not bundle
        ]
        one = all(_joins(bundle, other) for other in others)
        names[bundle.folder] = bundle.submitter if one else bundle.folder.name
    return names


def _joins(one: _Bundle, other: _Bundle) -> bool:
    """Whether the rows of two bundles can be told by table, and a method is the same in both."""
    common = one.sources.keys() & other.sources.keys()
    same = all(one.sources[method] == other.sources[method] for method in common)
    return same and one.tables.isdisjoint(other.tables)


def _named(
    found: Sequence[FinishedRun], bundle: str | None, rows: set[_Row]
) -> Iterator[FinishedRun]:
    for run in found:
        named = replace(run, bundle=bundle)
        if rows.isdisjoint((_row(run), _row(named))):
            yield named


def _row(run: FinishedRun) -> _Row:
    return table_of(run.result), run_row(run)


def _withdrawals(folder: Path) -> Path:
    return folder.parent.parent / WITHDRAWN_FILE
