import json
from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.columns import to_rows
from arlarena_bench.report.result import find_runs, stored_command
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.report.writing import draw_curves, results_json


def table_of(place: Path) -> Table:
    (table,) = build_tables(find_runs(place)[0])
    return table


def test_results_json_alone_gives_the_same_table(bench: Path, tmp_path: Path) -> None:
    table = table_of(bench)
    path = tmp_path / "committed" / "results.json"
    path.parent.mkdir()
    path.write_text(results_json(table, "arlarena bench"))
    for place in (path, path.parent):
        again = table_of(place)
        assert again.rows == table.rows
        assert stored_command(again.runs[0]) == "arlarena bench"


def test_results_json_is_deterministic_and_keeps_time_apart(bench: Path) -> None:
    text = results_json(table_of(bench), "arlarena bench")
    assert text == results_json(table_of(bench), "arlarena bench")
    data = json.loads(text)
    assert sorted(data) == ["command", "results", "schema", "timing"]
    assert data["timing"]["grpo/seed-0"] == pytest.approx(0.8)
    assert [(r["method"], r["seed"]) for r in data["results"]] == [
        ("grpo", 0), ("grpo", 1), ("grpo", 2), ("sampo", 0), ("sampo", 1),
    ]  # fmt: skip
    assert "cpu" not in json.dumps(data["results"])
    # A line a result, so that a changed run is one changed line.
    assert len(text.splitlines()) == len(data["results"]) + 5


def test_every_result_is_kept_as_the_run_wrote_it(tmp_path: Path) -> None:
    original = result_of("grpo", 0, solving(5), hardware="abacus")
    write_run(tmp_path, original)
    (kept,) = json.loads(results_json(table_of(tmp_path), ""))["results"]
    assert kept["episodes"]["task_id"] == [e["task_id"] for e in original["episodes"]]
    kept["episodes"] = to_rows(kept["episodes"])
    original["training"]["start_test_success"] = None
    assert kept == original | {"method_source": None, "conditions": {}, "incomparable": ""}


def test_curves_are_named_after_their_stem(bench: Path) -> None:
    written, problems = draw_curves(bench, bench / "figures" / "all")
    assert [path.relative_to(bench).as_posix() for path in written] == [
        "figures/all.png",
        "figures/all.svg",
    ]
    assert problems == []


def test_an_empty_folder_has_no_curves(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no metrics to draw"):
        draw_curves(tmp_path, tmp_path / "curves")
