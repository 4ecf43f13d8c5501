from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.contrast import Contrast
from arlarena_bench.report.render import render
from arlarena_bench.report.result import find_runs
from arlarena_bench.report.table import Row, Table, build_tables
from arlarena_bench.statistics import clopper_pearson, difference, task_difference


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
    # Mean 0.5, standard error 0.1 / √3, t(2) = 4.302653.
    reach = 4.302653 * 0.1 / 3**0.5
    assert row.success_interval == pytest.approx((0.5 - reach, 0.5 + reach))
    assert row.worst_seed == pytest.approx(0.4)
    # Half of the episodes return 10.6 and half -1.2, after 4 and 12 turns.
    assert row.score == pytest.approx((10.6 - 1.2) / 2)
    per_seed = [(4 * 10.6 * n - 12 * 1.2 * (10 - n)) / (4 * n + 12 * (10 - n)) for n in (4, 5, 6)]
    assert row.score_turn_weighted == pytest.approx(sum(per_seed) / 3)
    assert row.kl_reference == pytest.approx(0.2)
    assert row.cpu_minutes == pytest.approx(50 * 0.96 / 60)


def test_below_three_seeds_a_difference_stands_alone(bench: Path) -> None:
    row = row_of(bench, "sampo")
    assert row.success_interval is None
    assert row.contrast == Contrast(pytest.approx(0.7 - 0.5))
    assert row_of(bench, "grpo").contrast is None


def test_differences_from_the_baseline_are_one_family(bench: Path) -> None:
    for method, solved in (("gspo", (9, 9, 10)), ("cispo", (1, 3, 2))):
        for seed, count in enumerate(solved):
            write_run(bench, result_of(method, seed, solving(count)))
    ours, theirs = [0.9, 0.9, 1.0], [0.4, 0.5, 0.6]
    contrast = row_of(bench, "gspo").contrast
    assert contrast is not None
    # All seeds share one start: they are not paired.
    assert contrast.panel == difference(ours, theirs)
    # Two differences have 3 seeds, and each the smallest p of 20 labellings, 0.1.
    assert contrast.p == pytest.approx(0.2)
    outcomes = [[float(task < 10 * share) for task in range(10)] for share in ours + theirs]
    assert contrast.tasks == task_difference(outcomes[:3], outcomes[3:])


def test_seeds_that_share_their_starts_are_paired(tmp_path: Path) -> None:
    solved = {"grpo": (2, 4, 6), "gspo": (4, 5, 8)}
    for method, counts in solved.items():
        for seed, count in enumerate(counts):
            start = {"start_policy": f"{seed}" * 64}
            write_run(tmp_path, result_of(method, seed, solving(count), **start))
    contrast = row_of(tmp_path, "gspo").contrast
    assert contrast is not None
    assert contrast.panel == difference([0.4, 0.5, 0.8], [0.2, 0.4, 0.6], paired=True)
    assert only_table(tmp_path).crossed


def test_other_tasks_allow_no_claim_about_tasks(bench: Path) -> None:
    for seed in range(3):
        result = result_of("gspo", seed, solving(9))
        result["episodes"][0]["task_id"] = "test/elsewhere"
        write_run(bench, result)
    contrast = row_of(bench, "gspo").contrast
    assert contrast is not None
    assert contrast.panel is not None
    assert contrast.tasks is None


def test_an_interval_of_shares_ends_at_the_whole(tmp_path: Path) -> None:
    for seed, solved in enumerate((7, 10, 10)):
        write_run(tmp_path, result_of("grpo", seed, solving(solved)))
    assert row_of(tmp_path, "grpo").success_interval == (pytest.approx(0.47, abs=0.01), 1.0)


def test_six_seeds_are_ranked_and_five_are_not(tmp_path: Path) -> None:
    for method, base, seeds in (("grpo", 1, 6), ("gspo", 7, 6), ("sampo", 8, 5)):
        for seed in range(seeds):
            write_run(tmp_path, result_of(method, seed, solving(base + seed % 3)))
    ranks = {row.method: row.rank for row in only_table(tmp_path).rows}
    assert ranks == {"grpo": "b", "gspo": "a", "sampo": None}


def test_seeds_that_end_below_their_start_are_counted(tmp_path: Path) -> None:
    for seed, solved in enumerate((2, 28, 60)):
        start = {"start_test_success": 0.3}
        write_run(tmp_path, result_of("grpo", seed, solving(solved, of=100), training=start))
    assert row_of(tmp_path, "grpo").ended_below_start == 1
    write_run(tmp_path, result_of("grpo", 3, solving(10, of=100)))
    assert row_of(tmp_path, "grpo").ended_below_start is None


def test_collapsed_seeds_are_counted_with_median_step_and_commonest_cause(tmp_path: Path) -> None:
    collapses = [(8, "zero_variance"), (20, "valid_format"), (12, "valid_format"), (None, None)]
    for seed, (step, cause) in enumerate(collapses):
        training = {"collapse_step": step, "collapse_cause": cause}
        write_run(tmp_path, result_of("cispo", seed, solving(0), training=training))
    row = row_of(tmp_path, "cispo")
    assert row.collapse_interval == clopper_pearson(3, 4)
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


def test_shipped_starts_share_no_table_with_others(tmp_path: Path) -> None:
    shipped = {"name": "shipped/0", "sha256": "5" * 64, "set": "e" * 64}
    starts = {
        "former": {},
        "cloned": {"start": {"name": "cloned", "sha256": "5" * 64}},
        "shipped": {"start": shipped},
        "other-set": {"start": {**shipped, "set": "f" * 64}},
    }
    for name, start in starts.items():
        method = "gspo" if name == "former" else "grpo"
        write_run(tmp_path / name, result_of(method, 0, solving(5), **start))
    tables = build_tables(find_runs(tmp_path)[0])
    assert [len(table.runs) for table in tables] == [2, 1, 1]
    said = [render(table, "") for table in tables]
    assert "- start policy 555555555555: success" in said[0]
    assert "- start policies of the shipped set eeeeeeeeeeee: 555555555555: success" in said[1]


def test_tasks_are_clustered_as_results_say(tmp_path: Path) -> None:
    for shops in (1, 2, 5):
        bench = tmp_path / f"{shops}"
        for method, counts in {"grpo": (2, 4, 6), "gspo": (4, 5, 8)}.items():
            for seed, count in enumerate(counts):
                result = result_of(method, seed, solving(count))
                for number, episode in enumerate(result["episodes"]):
                    episode["cluster"] = f"shop {number % shops}"
                write_run(bench, result)
        contrast = row_of(bench, "gspo").contrast
        assert contrast is not None
        outcomes = [[float(task < n) for task in range(10)] for n in (4, 5, 8, 2, 4, 6)]
        clusters = [number % shops for number in range(10)]
        expected = task_difference(outcomes[:3], outcomes[3:], clusters) if shops > 1 else None
        assert contrast.tasks == expected


def test_two_results_of_one_seed_are_an_error(tmp_path: Path) -> None:
    for copy in ("a", "b"):
        write_run(tmp_path / copy, result_of("grpo", 0, solving(5)))
    with pytest.raises(ArenaError, match="two results of grpo seed 0"):
        build_tables(find_runs(tmp_path)[0])
