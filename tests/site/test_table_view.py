from pathlib import Path

import pytest
from runs import result_of, solving, write_run
from suites import SHOP, blocks_of, suite_of, write_failures, write_seeds

from arlarena_bench.report.render import table_cells
from arlarena_bench.report.suite_text import suite_cells
from arlarena_bench.report.table import Table
from arlarena_bench.site.palette import strokes
from arlarena_bench.site.table_view import (
    View,
    is_number,
    sort_key,
    view_of_suite,
    view_of_table,
)

STROKES = strokes(["sampo", "grpo_x2"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("12.5", 12.5),
        ("+12.1 [-5.4, +29.6]", 12.1),
        ("-36.7 [-76.4, +3.0]", -36.7),
        ("[0.0, 22.2]", 0.0),
        ("1/3, step 45: success", 1.0),
        ("<0.001", 0.001),
        ("250,383", 250383.0),
        ("85.4±2.9", 85.4),
        ("–", None),
        ("unranked", None),
        ("ab", None),
    ],
)
def test_cells_are_sorted_by_their_first_number(text: str, key: float | None) -> None:
    assert sort_key(text) == key


@pytest.fixture
def table(tmp_path: Path) -> Table:
    write_seeds(tmp_path, "grpo", "sokoban", 8, 10, 12)
    write_seeds(tmp_path, "sampo", "sokoban", 14, 15, 16)
    write_failures(tmp_path, "gspo", "sokoban", 0)
    write_run(tmp_path / "sokoban", result_of("random", 0, solving(1, of=20), kind="scripted"))
    (block,) = blocks_of(tmp_path)
    assert isinstance(block, Table)
    return block


def test_a_table_has_the_cells_of_the_text(table: Table) -> None:
    view = view_of_table(table, STROKES, brief=False)
    header, cells = table_cells(table)
    assert list(view.header) == header
    shown = [
        [row.name, *(cell.text for cell in row.cells)] for _, rows in view.groups for row in rows
    ]
    assert shown == cells


def test_references_stand_apart_and_a_method_without_runs_keeps_its_row(table: Table) -> None:
    view = view_of_table(table, STROKES, brief=True)
    groups = {kind: [row.name for row in rows] for kind, rows in view.groups}
    assert groups == {"reference": ["random"], "method": ["grpo", "sampo", "gspo"]}
    lost = view.groups[1][1][2]
    assert (lost.place, lost.bar) == (None, None)
    assert any(cell.text.startswith("failed: killed") for cell in lost.cells)
    assert is_number("success %", view)
    assert not is_number("seeds", View(("method", "seeds"), (("method", (lost,)),)))


def test_bars_are_means_and_intervals_in_per_cent(table: Table) -> None:
    view = view_of_table(table, STROKES, brief=True)
    row = table.rows[1]
    bar = view.groups[1][1][0].bar
    assert bar is not None
    assert row.success_interval is not None
    assert (bar.mean, bar.low) == (100 * row.success, 100 * row.success_interval[0])


def test_a_suite_has_the_cells_of_the_text(tmp_path: Path) -> None:
    for environment in ("sokoban", SHOP):
        write_seeds(tmp_path, "grpo", environment, 8, 10, 12)
        write_seeds(tmp_path, "sampo", environment, 14, 15, 16)
    suite = suite_of(tmp_path)
    view = view_of_suite(suite, STROKES)
    header, cells = suite_cells(suite)
    assert list(view.header) == header
    shown = [
        [row.name, *(cell.text for cell in row.cells)] for _, rows in view.groups for row in rows
    ]
    assert shown == cells
