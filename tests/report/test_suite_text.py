import csv
import io
import json
from pathlib import Path

import pytest
from suites import MATHS, SHOP, suite_of, write_failures, write_seeds

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.suite import Suite
from arlarena_bench.report.suite_json import suite_json
from arlarena_bench.report.suite_text import render_suite, suite_commands

METHODS = (
    "grpo", "grpo_st", "grpo_sm", "sapo", "sapo_sm", "cispo", "cispo_sm", "gspo", "gigpo", "empg",
    "dapo_grpo", "dapo_gigpo", "sampo",
)  # fmt: skip
TURNS = ("gigpo", "dapo_gigpo", "sampo")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Every reference method in four environments, six seeds, with what they are measured by."""
    folder = tmp_path_factory.mktemp("suite")
    for place, environment in enumerate(("alfworld_mini", "sokoban", MATHS, SHOP)):
        for number, method in enumerate(METHODS):
            if environment != MATHS or method not in TURNS:
                solved = [4 + place + (number + seed * (place + 1)) % 11 for seed in range(6)]
                write_seeds(folder, method, environment, *solved)
        write_seeds(folder, "cloned", environment, 2, kind="start")
        for script, solved in (("expert", 18), ("random", 0)):
            write_seeds(folder, script, environment, solved, kind="scripted")
    return suite_of(folder)


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["method"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_suite_fits_on_a_screen(suite: Suite) -> None:
    text = render_suite(suite, suite_commands(suite), "simple", brief=True)
    table, heading, together, _ = text.split("\n\n")
    assert max(map(len, [*table.splitlines(), *together.splitlines()])) <= 100
    assert len(table.splitlines()) == 2 + 3 + len(METHODS)
    assert heading == "All runs of a method together:"


def test_cells_as_people_read_them(suite: Suite) -> None:
    rows = rows_of(render_suite(suite, [], "csv"))
    assert list(rows)[:4] == ["start", "expert", "random", "grpo"]
    grpo, sampo = rows["grpo"], rows["sampo"]
    assert grpo["alfworld_mini"] == "32.5±9.8"  # 4 to 9 of 20: s 0.0935, t(5) 2.571
    assert grpo["Δ GRPO"] == grpo["p"] == "–"
    assert rows["start"]["average"] == "10.0"
    assert rows["start"]["rank"] == "–"
    assert sampo[MATHS] == "–"
    assert sampo["average"].endswith(" (3)")
    assert sampo["rank"] != "–"
    assert sampo["Δ GRPO, in spreads"].startswith("+")


def test_below_stands_what_the_numbers_mean(suite: Suite) -> None:
    lines = render_suite(suite, ["make"], "github").splitlines()
    (gap,) = (line for line in lines if line.startswith(f"- – in {MATHS}"))
    assert gap.startswith(f"- – in {MATHS}, gigpo, dapo_gigpo, sampo: credits single turns, but")
    for fact in (
        "- sokoban: arlarena/Sokoban-v0, preset nano with evaluation.test_tasks 20 "
        "(the preset's: not set), panel sokoban-6x6-1box-3to9moves/test: 20 tasks",
        "- (3): average, Δ GRPO, p and rank are over 3 of 4 environments",
        "- made by `make`",
        "- at target: runs whose validation success gets half the way",
    ):
        assert any(line.startswith(fact) for line in lines), fact
    assert any("adjusted by Holm for a family of 12" in line for line in lines)


def test_the_command_is_one_where_all_environments_have_the_same_runs(
    suite: Suite, tmp_path: Path
) -> None:
    names = ",".join(METHODS)
    assert suite_commands(suite) == [f"arlarena bench --suite nano --method {names} --seeds 6"]
    write_seeds(tmp_path, "grpo", "sokoban", 4, 5)
    write_seeds(tmp_path, "grpo", SHOP, 4)
    other = suite_of(tmp_path)
    assert suite_commands(other) == [
        "arlarena bench --preset nano --env sokoban --method grpo --seeds 2",
        "arlarena bench --preset nano --env webshop_mini --method grpo --seeds 1",
    ]
    text = render_suite(other, suite_commands(other))
    assert "- no results here of alfworld_mini, tir_math_mini, which nano also has" in text


def test_the_best_of_each_column_is_bold(tmp_path: Path) -> None:
    for environment, grpo in (("sokoban", 4), (SHOP, 14)):
        write_seeds(tmp_path, "grpo", environment, *(grpo + seed % 2 for seed in range(8)))
        write_seeds(tmp_path, "sampo", environment, *(9 + seed % 3 for seed in range(8)))
    suite = suite_of(tmp_path)
    text = render_suite(suite, [], "github", ["method", "sokoban", SHOP, "average"])
    rows = [line.split("|") for line in text.partition("\n\n")[0].splitlines()]
    told = {row[1].strip(): ["**" in cell for cell in row[2:5]] for row in rows}
    grpo, sampo = suite.rows
    assert told["grpo"] == [False, True, grpo.best]
    assert told["sampo"] == [True, False, sampo.best]
    assert "- bold: the best of the column's ranked methods" in text
    assert "bold" not in render_suite(suite, [], "simple")


def test_a_table_that_is_left_out_has_its_reason(tmp_path: Path) -> None:
    for environment in ("sokoban", SHOP):
        write_seeds(tmp_path, "grpo", environment, 4, 5)
    write_seeds(tmp_path / "other", "grpo", "sokoban", 4, settings={"train.iterations": 60})
    assert (
        "- another table of sokoban is left out: recipe train.iterations is 50 in grpo seed 0 and "
        "60 in grpo seed 0\n"
    ) in render_suite(suite_of(tmp_path), []) + "\n"


def test_failed_cells_stay_visible(tmp_path: Path) -> None:
    for environment in ("sokoban", SHOP):
        write_seeds(tmp_path, "grpo", environment, 4, 5, 6)
    write_seeds(tmp_path, "gspo", SHOP, 4, 5, 6)
    write_failures(tmp_path, "gspo", SHOP, 3)
    write_failures(tmp_path, "gspo", "sokoban", 0, 1, 2)
    write_failures(tmp_path, "sapo", "sokoban", 0)
    suite = suite_of(tmp_path)
    rows = rows_of(render_suite(suite, [], "csv"))
    assert (rows["gspo"]["sokoban"], rows["gspo"][SHOP]) == ("failed", "25.0±12.4*")
    assert rows["gspo"]["average"] == "25.0±12.4 (1)"
    assert (rows["sapo"]["sokoban"], rows["sapo"][SHOP], rows["sapo"]["average"]) == (
        "failed", "–", "–",
    )  # fmt: skip
    said = "sokoban: sapo seed 0 failed and is not in these numbers: killed by SIGKILL"
    assert said in rows["grpo"]["note"]
    below = render_suite(suite, []).splitlines()
    assert f"- {said}" in below
    assert "- *: without seeds that failed" in below
    assert f"- – in {SHOP}, sapo: no finished run" in below
    assert "% All runs of a method together:" in render_suite(suite, [], "latex").splitlines()


def test_columns_can_be_chosen(suite: Suite) -> None:
    text = render_suite(suite, [], "csv", ["method", "average"])
    assert text.splitlines()[1] == "start,10.0"
    with pytest.raises(ArenaError, match="did you mean 'average'"):
        render_suite(suite, [], "csv", ["averge"])
    with pytest.raises(ArenaError, match="did you mean 'latex'"):
        render_suite(suite, [], "latx")


def test_data_for_programs_is_whole(suite: Suite) -> None:
    data = json.loads(json.dumps(suite_json(suite, ["make"]), allow_nan=False))
    rows = {row["method"]: row for row in data["rows"]}
    assert rows["sampo"]["cells"][MATHS] is None
    assert rows["grpo"]["cells"]["alfworld_mini"]["success"] == pytest.approx(0.325)
    assert rows["sampo"]["environments"] == ["alfworld_mini", "sokoban", SHOP]
    assert {gap["method"] for gap in data["unfit"]} == set(TURNS)
    assert sorted(data["tables"]) == data["environments"]
    assert len(data["overall"]["rows"]) == len(METHODS)
