from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.writing import draw_curves, write_report


def test_a_report_is_a_table_and_its_curves(bench: Path) -> None:
    table, command, problems = write_report(bench, lambda runs: f"make {len(runs)}")
    assert table is not None
    assert (command, problems) == ("make 5", [])
    assert "- made by `make 5`" in (bench / "table.md").read_text(encoding="utf-8")
    written = sorted(path.name for path in bench.iterdir() if path.is_file())
    figures = [f"curves{name}.{kind}" for name in ("-diagnostics", "") for kind in ("png", "svg")]
    assert written == [*figures, "table.md"]


def test_runs_that_cannot_share_a_table_are_refused_with_the_reason(bench: Path) -> None:
    write_run(bench, result_of("gspo", 0, solving(5), settings={"train.groups": 4}))
    with pytest.raises(ArenaError, match=r"cannot share a table: recipe train\.groups is"):
        write_report(bench, lambda runs: "make")


def test_curves_are_named_after_their_stem(bench: Path) -> None:
    written, problems = draw_curves(bench, bench / "figures" / "all")
    assert [path.relative_to(bench).as_posix() for path in written] == [
        "figures/all.png",
        "figures/all.svg",
        "figures/all-diagnostics.png",
        "figures/all-diagnostics.svg",
    ]
    assert problems == []


def test_an_empty_folder_has_no_curves(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no metrics to draw"):
        draw_curves(tmp_path, tmp_path / "curves")
