from pathlib import Path

import pytest
from runs import recipe_of, result_of, solving, write_run
from suites import MATHS, SHOP, blocks_of, row_of, suite_of, write_seeds

from arlarena_bench.report.table import Table
from arlarena_bench.statistics import across_environments, average_interval, holm

SOLVED = {
    "sokoban": {"grpo": (4, 6, 5), "gspo": (9, 9, 12), "sampo": (15, 16, 17)},
    SHOP: {"grpo": (10, 14, 9), "gspo": (8, 3, 7), "sampo": (19, 17, 18)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for environment, methods in SOLVED.items():
        for method, solved in methods.items():
            write_seeds(tmp_path, method, environment, *solved)
    return tmp_path


def test_environments_stand_across_and_methods_down(folder: Path) -> None:
    suite = suite_of(folder)
    assert list(suite.tables) == ["sokoban", SHOP]
    assert [row.method for row in suite.rows] == ["grpo", "gspo", "sampo"]
    gspo = row_of(suite, "gspo")
    assert (gspo.cells["sokoban"], gspo.cells[SHOP]) == tuple(
        next(row for row in table.rows if row.method == "gspo") for table in suite.tables.values()
    )
    assert gspo.average == pytest.approx((0.5 + 0.3) / 2)
    assert gspo.difference == pytest.approx(((0.5 - 0.25) + (0.3 - 0.55)) / 2)
    assert row_of(suite, "grpo").difference is None
    scores = [[n / 20 for n in SOLVED[name]["gspo"]] for name in ("sokoban", SHOP)]
    assert gspo.average_interval == average_interval(scores)


def test_methods_are_tested_once_across_environments(folder: Path) -> None:
    suite = suite_of(folder)
    scores = {
        environment: {name: [n / 20 for n in solved] for name, solved in methods.items()}
        for environment, methods in SOLVED.items()
    }
    expected = across_environments(scores, "grpo", paired=True)  # seeds share their starts
    rows = {name: row_of(suite, name) for name in ("gspo", "sampo")}
    assert {name: row.standardised for name, row in rows.items()} == expected
    assert [row.p for row in rows.values()] == holm(expected[name].p for name in rows)
    assert row_of(suite, "grpo").standardised is None
    assert {row.rank for row in suite.rows} == {None}  # three seeds are not ranked


def test_seeds_of_other_starts_are_not_paired(folder: Path) -> None:
    write_seeds(folder, "gspo", "sokoban", 9, 9, 12, 11)
    found = row_of(suite_of(folder), "gspo").standardised
    scores = {
        environment: {name: [n / 20 for n in solved] for name, solved in methods.items()}
        for environment, methods in SOLVED.items()
    }
    scores["sokoban"]["gspo"].append(11 / 20)
    assert found == across_environments(scores, "grpo", paired=False)["gspo"]


def test_letters_are_shared_by_what_is_not_separated(tmp_path: Path) -> None:
    solved = {"grpo": (3, 4, 5, 4, 3, 5), "gspo": (4, 3, 4, 5, 5, 3), "sampo": (15, 14, 16)}
    for environment in SOLVED:
        for method, numbers in solved.items():
            write_seeds(tmp_path, method, environment, *numbers)
        write_seeds(tmp_path, "cispo", environment, 11, 12, 13, 12, 11, 13)
    letters = {row.method: row.rank for row in suite_of(tmp_path).rows}
    assert letters == {"grpo": "b", "cispo": "a", "gspo": "b", "sampo": None}


def test_a_method_that_cannot_learn_somewhere_is_judged_by_the_others(folder: Path) -> None:
    write_seeds(folder, "grpo", MATHS, 18, 19, 17)
    write_seeds(folder, "gspo", MATHS, 18, 18, 18)
    suite = suite_of(folder)
    sampo = row_of(suite, "sampo")
    assert sampo.cells[MATHS] is None
    assert sampo.environments == ["sokoban", SHOP]
    assert sampo.average == pytest.approx((0.8 + 0.9) / 2)
    assert sampo.difference == pytest.approx(((0.8 - 0.25) + (0.9 - 0.55)) / 2)
    assert sampo.p is not None
    assert list(suite.unfit) == [("sampo", MATHS)]
    assert "credits single turns" in suite.unfit["sampo", MATHS]


def test_without_spread_nothing_is_tested_and_the_reason_is_kept(tmp_path: Path) -> None:
    for environment in SOLVED:
        write_seeds(tmp_path, "grpo", environment, 4, 4, 4)
        write_seeds(tmp_path, "gspo", environment, 9, 9, 9)
    suite = suite_of(tmp_path)
    assert "have no spread" in suite.untested
    assert row_of(suite, "gspo").p is None
    assert row_of(suite, "gspo").difference == pytest.approx(0.25)


def test_what_methods_are_measured_by_has_an_average_and_no_rank(folder: Path) -> None:
    for environment, solved in (("sokoban", 2), (SHOP, 6)):
        write_seeds(folder, "cloned", environment, solved, kind="start")
        write_seeds(folder, "random", environment, 1, kind="scripted")
    suite = suite_of(folder)
    assert [row.method for row in suite.rows][:2] == ["start", "random"]
    start = row_of(suite, "start")
    assert start.kind == "reference"
    assert start.average == pytest.approx((0.1 + 0.3) / 2)
    assert (start.rank, start.difference, start.p) == (None, None, None)


def test_other_decoders_and_presets_are_other_suites(folder: Path) -> None:
    write_seeds(folder / "stress", "grpo", "sokoban", 3, preset="nano-stress")
    score = result_of("grpo", 0, solving(3, of=20)).main
    write_seeds(
        folder / "greedy", "grpo", "sokoban", 3, headline="greedy", scores={"greedy": score}
    )
    blocks = blocks_of(folder)
    assert [type(block).__name__ for block in blocks] == ["Table", "Suite", "Table"]


def test_of_two_tables_of_one_environment_the_larger_stands_in_the_suite(folder: Path) -> None:
    write_seeds(folder / "other", "grpo", "sokoban", 20, settings={"train.iterations": 60})
    suite = suite_of(folder)
    cell = row_of(suite, "grpo").cells["sokoban"]
    assert cell is not None
    assert cell.success == pytest.approx(0.25)
    (left_out,) = suite.left_out
    assert left_out.rows[0].success == 1.0


def test_environments_of_one_preset_alone_are_no_suite(tmp_path: Path) -> None:
    write_seeds(tmp_path, "grpo", "sokoban", 4, 5)
    (block,) = blocks_of(tmp_path)
    assert isinstance(block, Table)


def test_a_control_has_an_average_and_is_in_no_family(folder: Path) -> None:
    for environment in SOLVED:
        for seed, solved in enumerate((8, 9, 10)):
            start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
            result = result_of(
                "grpo", seed, solving(solved, of=20), environment=environment, **start
            )
            recipe = recipe_of("nano", environment, 20).for_run("grpo_x2", seed)
            write_run(folder / environment, result.model_copy(update={"recipe": recipe}))
    suite = suite_of(folder)
    control = suite.rows[-1]
    assert (control.method, control.kind) == ("grpo_x2", "control")
    assert control.average == pytest.approx(0.45)
    assert control.difference == pytest.approx(0.45 - (0.25 + 0.55) / 2)
    assert control.average_interval is not None
    assert (control.standardised, control.p, control.rank) == (None, None, None)
    assert row_of(suite, "gspo").p is not None
