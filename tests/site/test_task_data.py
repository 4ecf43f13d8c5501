from pathlib import Path

from runs import result_of, solving, write_run
from suites import blocks_of

from arlarena_bench.report.table import Table
from arlarena_bench.site.task_data import comparison_data, outcomes, tallies


def table_of(folder: Path) -> Table:
    write_run(folder, result_of("grpo", 0, solving(4)))
    write_run(folder, result_of("grpo", 1, solving(6)))
    write_run(folder, result_of("sampo", 1, [*solving(2)[2:], *solving(2)[:2]]))
    # A script that is called as no method should be: rows are told apart by what they are.
    write_run(folder / "references", result_of("sampo", 0, solving(1), kind="scripted"))
    (table,) = blocks_of(folder)
    assert isinstance(table, Table)
    return table


def test_outcomes_stand_in_the_order_of_rows_and_tasks(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    assert [row.method for row in table.rows] == ["sampo", "grpo", "sampo"]
    assert outcomes(table) == [
        {0: "1000000000"},
        {0: "1111000000", 1: "1111110000"},
        {1: "0000000011"},
    ]


def test_tallies_are_of_seeds_that_both_have() -> None:
    found = tallies([{0: "1100", 1: "1010"}, {1: "0110", 2: "1111"}])
    assert found == {
        "0 0": {"0": [2, 0, 0, 2], "1": [2, 0, 0, 2], "all": [4, 0, 0, 4]},
        "0 1": {"1": [1, 1, 1, 1], "all": [1, 1, 1, 1]},
        "1 1": {"1": [2, 0, 0, 2], "2": [4, 0, 0, 0], "all": [6, 0, 0, 2]},
    }


def test_rows_without_a_common_seed_have_no_tally() -> None:
    assert tallies([{0: "1"}, {1: "1"}])["0 1"] == {"all": []}


def test_a_page_has_tasks_rows_and_success_as_the_table_has_it(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    data = comparison_data(table)
    assert [task["id"] for task in data["tasks"]] == [
        episode.task_id for episode in table.runs[0].result.main.episodes
    ]
    assert [(row["kind"], row["success"]) for row in data["rows"]] == [
        ("reference", "10.0"), ("method", "50.0"), ("method", "20.0"),
    ]  # fmt: skip
