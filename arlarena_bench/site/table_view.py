"""A table as a page shows it: groups of rows, cells with what they are sorted by, and bars."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from arlarena_bench.report.layout import NONE
from arlarena_bench.report.render import SUCCESS, UNRANKED, table_cells
from arlarena_bench.report.suite import Suite
from arlarena_bench.report.suite_text import is_best, suite_cells
from arlarena_bench.report.table import Interval, Kind, Table
from arlarena_bench.site.palette import Stroke

_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
HAS_BOLD = "github"  # a form of table that sets the best in bold, as a page does
CAPTIONS: Mapping[Kind, str] = {
    "reference": "what the others are measured by",
    "method": "methods",
    "control": "controls, which are no methods: neither ranked nor tested",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean and its interval, as per cent of a width."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ViewCell:
    """One cell.

    Attributes:
        text: As every format of the table has it.
        key: What it is sorted by, as a number; None sorts last.
        best: Whether it is of the best, or of what is not separated from it.
    """

    text: str
    key: float | None
    best: bool = False


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One row.

    Attributes:
        name: Of the method.
        cells: All but the first column.
        stroke: How the method is drawn; None for a reference.
        bar: Its success; None where it has none.
        place: Which of the table's rows it is; None for a method of which no seed finished.
    """

    name: str
    cells: tuple[ViewCell, ...]
    stroke: Stroke | None
    bar: Bar | None
    place: int | None


@dataclass(frozen=True, slots=True)
class View:
    """A table.

    Attributes:
        header: The columns' names.
        groups: What stands apart → its rows.
    """

    header: tuple[str, ...]
    groups: tuple[tuple[Kind, tuple[ViewRow, ...]], ...]


def sort_key(text: str) -> float | None:
    """Return the first number of a cell's text; None for one without."""
    found = None if text in (NONE, UNRANKED) else _NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def view_of_table(table: Table, strokes: Mapping[str, Stroke], brief: bool) -> View:
    """Return a table of one environment."""
    header, cells = table_cells(table, brief=brief)
    kinds = [*(row.kind for row in table.rows), *_lost_kinds(table, len(cells))]
    rows = []
    for place, line in enumerate(cells):
        row = table.rows[place] if place < len(table.rows) else None
        bar = _bar(row.success, row.success_interval) if row else None
        best = [SUCCESS] if row and row.best else []
        rows.append(_row(header, line, best, kinds[place], strokes, bar, place if row else None))
    return View(tuple(header), _grouped(kinds, rows))


def view_of_suite(suite: Suite, strokes: Mapping[str, Stroke]) -> View:
    """Return a suite: environments across."""
    header, cells = suite_cells(suite)
    kinds = [row.kind for row in suite.rows]
    rows = []
    for row, line in zip(suite.rows, cells, strict=True):
        bar = None if row.average is None else _bar(row.average, row.average_interval)
        best = [name for name in header if is_best(row, name)]
        rows.append(_row(header, line, best, row.kind, strokes, bar, None))
    return View(tuple(header), _grouped(kinds, rows))


def is_number(column: str, view: View) -> bool:
    """Whether a column holds numbers in the main."""
    place = view.header.index(column) - 1
    cells = [row.cells[place] for _, rows in view.groups for row in rows]
    told = [cell for cell in cells if cell.text not in (NONE, UNRANKED)]
    return sum(cell.key is not None for cell in told) * 2 > len(told)


def _row(
    header: Sequence[str],
    line: Sequence[str],
    best: Container[str],
    kind: Kind,
    strokes: Mapping[str, Stroke],
    bar: Bar | None,
    place: int | None,
) -> ViewRow:
    name, *others = line
    cells = tuple(
        ViewCell(text, sort_key(text), column in best)
        for column, text in zip(header[1:], others, strict=True)
    )
    return ViewRow(name, cells, None if kind == "reference" else strokes[name], bar, place)


def _lost_kinds(table: Table, count: int) -> list[Kind]:
    """Return the kinds of the rows of methods of which no seed finished."""
    there = {row.method for row in table.rows if row.kind != "reference"}
    lost: dict[str, Kind] = {}
    for run in table.failed:
        if run.record.label not in there:
            control = run.record.recipe.control is not None
            lost.setdefault(run.record.label, "control" if control else "method")
    return [*lost.values()][: count - len(table.rows)]


def _grouped(
    kinds: Sequence[Kind], rows: Sequence[ViewRow]
) -> tuple[tuple[Kind, tuple[ViewRow, ...]], ...]:
    order = list(CAPTIONS)
    pairs = sorted(zip(kinds, rows, strict=True), key=lambda pair: order.index(pair[0]))
    return tuple(
        (kind, tuple(row for _, row in group))
        for kind, group in groupby(pairs, key=lambda pair: pair[0])
    )


def _bar(mean: float, interval: Interval) -> Bar:
    low, high = (None, None) if interval is None else (100 * bound for bound in interval)
    return Bar(100 * mean, low, high)
