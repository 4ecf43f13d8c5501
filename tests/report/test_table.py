from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.result import find_runs
from arlarena_bench.report.table import Row, Table, build_tables


def only_table(folder: Path) -> Table:
    (table,) = build_tables(find_runs(folder)[0])
    return table


def row_of(folder: Path, method: str) -> Row:
    return next(row for row in only_table(folder).rows if row.method == method)


def test_a_row_is_computed_from_the_seeds(bench: Path) -> None:
    row = row_of(bench, "grpo")
    assert row.seeds == (0, 1, 2)
    assert row.success == pytest.approx((0.4 + 0.5 + 0.6) / 3)
    assert row.success_iqm == pytest.approx(0.5)
    assert row.success_interval == pytest.approx((0.4, 0.6))
    # Half of the episodes return 10.6 and half -1.2, after 4 and 12 turns.
    assert row.score == pytest.approx((10.6 - 1.2) / 2)
    per_seed = [(4 * 10.6 * n - 12 * 1.2 * (10 - n)) / (4 * n + 12 * (10 - n)) for n in (4, 5, 6)]
    assert row.score_turn_weighted == pytest.approx(sum(per_seed) / 3)
    assert row.kl_reference == pytest.approx(0.2)
    assert row.cpu_minutes == pytest.approx(50 * 0.96 / 60)


def test_the_difference_pairs_seeds_and_is_none_for_the_baseline(bench: Path) -> None:
    # Seeds 0 and 1 are shared: 0.7 - 0.4 and 0.7 - 0.5.
    row = row_of(bench, "sampo")
    assert row.difference == pytest.approx(0.25)
    assert row.difference_interval == pytest.approx((0.2, 0.3))
    assert row_of(bench, "grpo").difference is None


def test_without_a_shared_seed_there_is_no_difference(bench: Path) -> None:
    write_run(bench, result_of("gspo", 7, solving(9)))
    row = row_of(bench, "gspo")
    assert row.difference is None
    assert row.success_interval is None


def test_collapsed_seeds_are_counted_with_median_step_and_commonest_cause(tmp_path: Path) -> None:
    collapses = [(8, "zero_variance"), (20, "valid_format"), (12, "valid_format"), (None, None)]
    for seed, (step, cause) in enumerate(collapses):
        training = {"collapse_step": step, "collapse_cause": cause}
        write_run(tmp_path, result_of("cispo", seed, solving(0), training=training))
    row = row_of(tmp_path, "cispo")
    assert (row.collapsed, row.collapse_step, row.collapse_cause) == (3, 12, "valid_format")


def test_rows_follow_the_paper_then_the_alphabet(tmp_path: Path) -> None:
    for method in ("zebra", "sampo", "ant", "gspo", "grpo_st", "grpo"):
        write_run(tmp_path, result_of(method, 0, solving(5)))
    order = [row.method for row in only_table(tmp_path).rows]
    assert order == ["grpo", "grpo_st", "gspo", "sampo", "ant", "zebra"]


def test_panels_and_presets_are_never_mixed(tmp_path: Path) -> None:
    other = {"name": "sokoban-6x6-2box/test", "digest": "b" * 64, "tasks": 10}
    write_run(tmp_path / "a", result_of("grpo", 0, solving(5)))
    write_run(tmp_path / "b", result_of("grpo", 0, solving(9), panel=other))
    write_run(tmp_path / "c", result_of("grpo", 0, solving(1), preset="nano-stress"))
    tables = build_tables(find_runs(tmp_path)[0])
    assert [table.rows[0].success for table in tables] == [0.5, 0.9, 0.1]


def test_two_results_of_one_seed_are_an_error(tmp_path: Path) -> None:
    for copy in ("a", "b"):
        write_run(tmp_path / copy, result_of("grpo", 0, solving(5)))
    with pytest.raises(ArenaError, match="two results of grpo seed 0"):
        build_tables(find_runs(tmp_path)[0])
