"""Cells as text, in the formats that people and programs read."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from tabulate import SEPARATING_LINE, DataRow, Line, TableFormat, tabulate, tabulate_formats

from arlarena_bench.errors import unknown

NONE = "–"
FORMATS = sorted({*tabulate_formats, "csv"})
DATA = ("csv", "tsv")  # formats without comments: what must not be lost is a column
NOTE = "note"
MARKDOWN = ("github", "pipe")
# Around what is bold, until LaTeX's own characters have been escaped.
BOLD_BEGINS, BOLD_ENDS = "\ue000", "\ue001"
_LATEX = {
    BOLD_BEGINS: r"\textbf{",
    BOLD_ENDS: "}",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "–": "--",
}
# As tabulate's "simple", which pads every header by two and would not fit on a screen.
_NARROW = TableFormat(
    lineabove=None,
    linebelowheader=Line("", "-", "  ", ""),
    linebetweenrows=None,
    linebelow=None,
    headerrow=DataRow("", "  ", ""),
    datarow=DataRow("", "  ", ""),
    padding=0,
    with_header_hide=None,
)


def number_text(value: float | None, form: str) -> str:
    """Return a number in a form, as of `str.format`; a dash for None."""
    return NONE if value is None else form.format(value)


def check_format(form: str) -> None:
    """Refuse a format that nobody writes.

    Raises:
        ArenaError: If it is unknown.
    """
    if form not in FORMATS:
        raise unknown("table format", form, FORMATS)


def check_columns(columns: Sequence[str] | None, known: Iterable[str]) -> None:
    """Refuse a column that a table does not have.

    Raises:
        ArenaError: If one is unknown.
    """
    for column in columns or ():
        if column not in known:
            raise unknown("column", column, known)


def has_bold(form: str) -> bool:
    """Return whether a format can set cells in bold."""
    return form in MARKDOWN or form.startswith("latex")


def with_bold(
    cells: Sequence[Sequence[str]], which: Sequence[Sequence[bool]], form: str
) -> list[list[str]]:
    """Return cells of which some are bold, where a format has that.

    Args:
        cells: Rows.
        which: Of the first rows, which cells are.
        form: The format.
    """
    rows = [list(row) for row in cells]
    if has_bold(form):
        begins, ends = ("**", "**") if form in MARKDOWN else (BOLD_BEGINS, BOLD_ENDS)
        for row, bold in zip(rows, which, strict=False):
            row[:] = [
                f"{begins}{cell}{ends}" if b else cell for cell, b in zip(row, bold, strict=True)
            ]
    return rows


def write_table(
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    form: str,
    below: str,
    marks: Sequence[str],
) -> str:
    """Return a table as text, with what is said of it below.

    Args:
        header: Name of each column.
        cells: Rows.
        form: As in `write_cells`.
        below: What is said below it, where the format has a place for that.
        marks: What of this must not be lost wherever the numbers go.

    Raises:
        ArenaError: If the format is unknown.
    """
    if form not in DATA:
        return f"{write_cells(header, cells, form)}\n\n{comment(below, form)}"
    if marks:
        header, cells = [*header, NOTE], [[*row, "; ".join(marks)] for row in cells]
    return write_cells(header, cells, form)


def comment(text: str, form: str) -> str:
    """Return text as it may stand beside a table of a format."""
    if form.startswith("latex"):
        return "\n".join(f"% {line}" for line in text.splitlines())
    if form == "html":
        return f"<!--\n{text.replace('-->', '-- >')}\n-->"
    return text


def write_cells(header: Sequence[str], cells: Sequence[Sequence[str]], form: str) -> str:
    """Return a table as text, its first column to the left, the others to the right.

    Args:
        header: Name of each column.
        cells: Rows.
        form: `"csv"` or any format of the package `tabulate`, for example `"github"`, `"latex"`.

    Raises:
        ArenaError: If the format is unknown.
    """
    check_format(form)
    if form == "csv":
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([header, *cells])
        return buffer.getvalue().rstrip("\n")
    align = ["left"] + ["right"] * (len(header) - 1)
    if form == "simple":
        rows = [list(header), SEPARATING_LINE, *cells]
        return tabulate(rows, tablefmt=_NARROW, colalign=align, disable_numparse=True)
    text = tabulate(cells, header, form, colalign=align, disable_numparse=True)
    return _in_latex(text) if form.startswith("latex") else text


def _in_latex(text: str) -> str:
    """Return a LaTeX table with nothing in it that LaTeX cannot set."""
    for character, command in _LATEX.items():
        text = text.replace(character, command)
    # Behind the end of a row, a bracket would be read as an argument.
    return re.sub(r"^(\s*)\[", r"\1{}[", text, flags=re.MULTILINE)
