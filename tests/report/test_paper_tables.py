from collections.abc import Iterator
from statistics import fmean

import pytest
from pydantic import ValidationError

from arlarena_bench.report.paper_tables import PaperTable
from arlarena_bench.report.reproduction import reproduction

Cell = tuple[str, str, str]
AVERAGE = "Average"


def decimals(number: float) -> int:
    return len(str(number).partition(".")[2].rstrip("0"))


def wrong_averages(name: str, table: PaperTable) -> Iterator[Cell]:
    """Averages that are not those of their row, at the digits printed."""
    for row, cells in table.rows.items():
        printed = table.value(row, AVERAGE)
        known = [cell for cell in cells[: table.columns.index(AVERAGE)] if cell is not None]
        if printed is not None and abs(fmean(known) - printed) > 0.0051:
            yield name, row, AVERAGE


def wrong_percents(name: str, table: PaperTable) -> Iterator[Cell]:
    """Changes that do not follow from their cells, which are rounded, to a tenth of a per cent."""
    assert table.baseline is not None
    base = table.rows[table.baseline]
    for row, percents in table.percent.items():
        cells = table.rows[row]
        for column, cell, percent in zip(table.columns, cells, percents, strict=True):
            if percent is None or cell is None:
                continue
            of = table.value(table.baseline, column)
            if column == AVERAGE:
                # Rows without mathematics are compared with the average without it.
                of = fmean(b for b, c in zip(base[:-1], cells[:-1], strict=True) if c is not None)
            assert of is not None
            if abs(100 * (cell / of - 1) - percent) > max(0.1, 0.51 * 10 ** -decimals(percent)):
                yield name, row, column


def test_averages_and_percentages_follow_but_for_the_known_contradictions() -> None:
    paper = reproduction().paper
    wrong = set(wrong_averages("table3", paper["table3"]))
    for name, table in paper.items():
        if table.percent:
            wrong |= set(wrong_percents(name, table))
    assert wrong == {
        ("table3", "GSPO", "Sokoban Success"),
        ("table3", "SAMPO", "Sokoban Success"),
    }
    assert all(list(paper[name].doubts(row, column)) for name, row, column in wrong)


def test_an_average_that_lies_between_two_digits_is_none_of_them() -> None:
    # 34.025 to the digit: printed as 34.03, others round it to 34.02.
    cells = reproduction().paper["table3"].rows["CISPO"][:-1]
    assert fmean(cell for cell in cells if cell is not None) == pytest.approx(34.025, abs=1e-9)
    assert reproduction().paper["table3"].value("CISPO", AVERAGE) == 34.03


def test_tables_that_repeat_each_other_agree_but_for_the_known_contradictions() -> None:
    paper = reproduction().paper
    first = paper["table3"]
    wrong = set()
    for name, row, column, other in [
        *(("tableS3", row, "All", "ALFWorld Success") for row in first.rows),
        *(
            ("tableS3", row, c, c)
            for row in first.rows
            for c in ("WebShop Score", "WebShop Success")
        ),
        *(("table4", row, "Success", "ALFWorld Success") for row in ("CISPO", "SAPO")),
        *(("table4", row, "Score", "ALFWorld Score") for row in ("CISPO", "SAPO")),
    ]:
        table = paper[name]
        if row in table.rows and table.value(row, column) != first.value(row, other):
            wrong.add((name, row, column))
    assert wrong == {
        ("tableS3", "GRPO", "All"),
        ("tableS3", "SAMPO", "WebShop Score"),
        ("tableS3", "SAMPO", "WebShop Success"),
    }
    assert all(list(paper[name].doubts(row, column)) for name, row, column in wrong)


def test_the_caption_of_table_3_is_of_the_run_in_table_s3() -> None:
    paper = reproduction().paper
    row = list(paper["table3"].rows["SAMPO"][:6])
    row[2:4] = [paper["tableS3"].value("SAMPO", c) for c in ("WebShop Score", "WebShop Success")]
    average = fmean(value for value in row if value is not None)
    assert f"{average:.2f}" == "59.55"
    (doubt,) = paper["table3"].doubts("SAMPO", "WebShop Score")
    assert "59.55" in doubt.says


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rows": {"a": [1.0]}}, "a has 1 cells for 2 columns"),
        ({"percent": {"b": [1.0, 2.0]}}, "'b' is none of the rows"),
        ({"contradictions": [{"cells": [["a", "z"]], "says": "no"}]}, "'z' is none of the columns"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_damaged_table_is_refused(change: dict[str, object], reason: str) -> None:
    good = {"place": "Table 9", "title": "t", "columns": ["x", "y"], "rows": {"a": [1.0, None]}}
    assert PaperTable.model_validate(good).value("a", "y") is None
    with pytest.raises(ValidationError, match=reason):
        PaperTable.model_validate(good | change)
