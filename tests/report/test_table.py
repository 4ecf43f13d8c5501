from pathlib import Path
from typing import Any

import pytest
from runs import STEPS, metrics_of, recipe_of, result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import CostRecord, Decoder, Result, comparable
from arlarena_bench.report.contrast import Contrast
from arlarena_bench.report.finding import find_failed, find_runs
from arlarena_bench.report.render import bench_command, render
from arlarena_bench.report.table import MeanCost, Row, Table, build_tables, without_table
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
    assert row.stability is not None
    last = [metrics_of("grpo", seed)[-1]["kl_ref"] for seed in range(3)]
    assert row.stability.kl_reference == pytest.approx(sum(last) / 3)
    assert row.cost is not None
    assert row.cost.cpu_minutes == pytest.approx(50 * 0.96 / 60)


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
            start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
            write_run(tmp_path, result_of(method, seed, solving(count), **start))
    contrast = row_of(tmp_path, "gspo").contrast
    assert contrast is not None
    assert contrast.panel == difference([0.4, 0.5, 0.8], [0.2, 0.4, 0.6], paired=True)
    table = only_table(tmp_path)
    assert table.crossed
    text = render(table, "")
    assert "in this table; 3 pairs allow 0.25 at the least" in text
    assert "not separated (mean ranks within seeds, all pairs)" in text


def test_tasks_of_one_cluster_are_one_case(tmp_path: Path) -> None:
    def clustered(method: str, seed: int, solved: int, shops: int) -> Result:
        result = result_of(method, seed, solving(solved))
        score = result.main
        episodes = tuple(
            episode.model_copy(update={"cluster": f"shop-{number % shops}"})
            for number, episode in enumerate(score.episodes)
        )
        scores = {result.headline: score.model_copy(update={"episodes": episodes})}
        return result.model_copy(update={"scores": scores})

    ours, theirs = (7, 8, 9), (4, 5, 6)
    for shops in (1, 2, 5):
        folder = tmp_path / str(shops)
        for seed in range(3):
            write_run(folder, clustered("grpo", seed, theirs[seed], shops))
            write_run(folder, clustered("gspo", seed, ours[seed], shops))
    outcomes = [[float(task < n) for task in range(10)] for n in (*ours, *theirs)]
    found = {n: row_of(tmp_path / str(n), "gspo").contrast for n in (1, 2, 5)}
    assert found[1] is not None
    assert found[1].tasks is None
    for shops in (2, 5):
        clusters = [task % shops for task in range(10)]
        expected = task_difference(outcomes[:3], outcomes[3:], clusters=clusters)
        assert (contrast := found[shops]) is not None
        assert contrast.tasks == expected


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
        start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
        write_run(tmp_path, result_of("grpo", seed, solving(solved, of=100), **start))
        write_run(tmp_path, result_of("s", seed, solving(30, of=100), kind="start", **start))
    stability = row_of(tmp_path, "grpo").stability
    assert stability is not None
    assert stability.ended_below_start == 1
    start = {"start": "4" * 64, "start_set": "a" * 64}
    write_run(tmp_path, result_of("grpo", 4, solving(10, of=100), **start))
    stability = row_of(tmp_path, "grpo").stability
    assert stability is not None
    assert stability.ended_below_start is None  # nobody played the start of seed 4


def test_what_methods_are_measured_by_stands_first(bench: Path) -> None:
    for name, solved in (("random", 0), ("oracle", 10), ("expert", 9)):
        write_run(bench, result_of(name, 0, solving(solved), kind="scripted"))
    write_run(bench, result_of("cloned", 0, solving(1), kind="start"))
    rows = only_table(bench).rows
    assert [row.method for row in rows] == [
        "start", "expert", "random", "oracle", "grpo", "sampo",
    ]  # fmt: skip
    assert [row.kind for row in rows] == ["reference"] * 4 + ["method"] * 2
    assert rows[0].success == pytest.approx(0.1)
    assert rows[0].contrast is None
    assert rows[0].stability is None


def test_a_start_of_another_set_is_in_no_table(bench: Path) -> None:
    write_run(bench, result_of("cloned", 0, solving(1), kind="start", start="6" * 64))
    assert [row.method for row in only_table(bench).rows] == ["grpo", "sampo"]


def test_one_seed_has_one_start(tmp_path: Path) -> None:
    for method, start in (("grpo", "1" * 64), ("gspo", "2" * 64)):
        write_run(tmp_path, result_of(method, 0, solving(5), start=start, start_set="a" * 64))
    with pytest.raises(ArenaError, match="the start policy of seed 0 is 111111111111 in grpo"):
        build_tables(find_runs(tmp_path)[0])


def test_a_run_costs_what_its_seeds_took(tmp_path: Path) -> None:
    for seed, tokens in enumerate((1000, 3000)):
        cost = CostRecord(episodes=64, environment_steps=300, reply_tokens=tokens, cpu_seconds=90)
        write_run(tmp_path, result_of("grpo", seed, solving(5), cost=cost))
    assert row_of(tmp_path, "grpo").cost == MeanCost(64, 300, 2000, None, 1.5)


def test_the_drawdown_is_of_success_in_training(tmp_path: Path) -> None:
    curve = (None, *(0.8 for _ in range(25)), *(0.2 for _ in range(25)))
    result = result_of("grpo", 0, solving(5))
    assert result.training is not None
    metrics = result.training.metrics | {"success/train": curve}
    training = result.training.model_copy(update={"metrics": metrics})
    write_run(tmp_path, result.model_copy(update={"training": training}))
    stability = row_of(tmp_path, "grpo").stability
    assert stability is not None
    assert stability.drawdown == pytest.approx(0.75)


def test_other_decoders_stand_beside_the_first(tmp_path: Path) -> None:
    sampled, greedy = (result_of("grpo", 0, solving(n)).main for n in (5, 8))
    greedy = greedy.model_copy(update={"decoder": Decoder(temperature=0.0)})
    scores = {"sampled": sampled, "greedy": greedy}
    write_run(tmp_path, result_of("grpo", 0, solving(5), scores=scores))
    row = row_of(tmp_path, "grpo")
    assert (row.success, row.other_decoders) == (0.5, {"greedy": 0.8})


def test_collapsed_seeds_are_counted_with_median_step_and_commonest_cause(tmp_path: Path) -> None:
    collapses = [(8, "zero_variance"), (20, "valid_format"), (12, "valid_format"), (None, None)]
    for seed, (step, cause) in enumerate(collapses):
        training = {"collapse_step": step, "collapse_cause": cause}
        write_run(tmp_path, result_of("cispo", seed, solving(0), training=training))
    stability = row_of(tmp_path, "cispo").stability
    assert stability is not None
    assert stability.collapse_interval == clopper_pearson(3, 4)
    assert (stability.collapsed, stability.collapse_step) == (3, 12)
    assert stability.collapse_cause == "valid_format"


def test_rows_follow_the_paper_then_the_alphabet(tmp_path: Path) -> None:
    for method in ("zebra", "sampo", "ant", "gspo", "grpo_st", "grpo"):
        write_run(tmp_path, result_of(method, 0, solving(5)))
    order = [row.method for row in only_table(tmp_path).rows]
    assert order == ["grpo", "grpo_st", "gspo", "sampo", "ant", "zebra"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preset": "nano-stress"}, "recipe name is nano in grpo seed 0 and nano-stress in grpo"),
        ({"settings": {"train.iterations": 60}}, "recipe train.iterations is 50 in grpo seed 0"),
        ({"settings": {"protocol.penalty": 0.2}}, "recipe protocol.penalty is 0.1 in grpo seed 0"),
        ({"settings": {"evaluation.headline": "t1"}}, "evaluation.headline is paper in grpo"),
        ({"environment": "webshop_mini"}, "panel is sokoban"),
        ({"start": "6" * 64}, "start policies is 5555"),
    ],
)
def test_what_is_not_comparable_is_never_mixed(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    write_run(tmp_path / "a", result_of("grpo", 0, solving(5)))
    write_run(tmp_path / "b", result_of("grpo", 0, solving(9), **change))
    tables = build_tables(find_runs(tmp_path)[0])
    assert sorted(table.rows[0].success for table in tables) == [0.5, 0.9]
    ours, theirs = sorted(tables, key=lambda table: table.rows[0].success)
    assert any(said in r for r in comparable(ours.any_result, theirs.any_result))
    assert "\n" not in ours.why_not_joined(theirs)


def test_other_tasks_of_one_panel_are_never_mixed(tmp_path: Path) -> None:
    write_run(tmp_path / "a", result_of("grpo", 0, solving(5)))
    write_run(tmp_path / "b", result_of("grpo", 0, solving(5, of=20)))
    assert len(build_tables(find_runs(tmp_path)[0])) == 2


def test_a_method_may_have_options_and_a_learning_rate_of_its_own(tmp_path: Path) -> None:
    settings = {"train.learning_rate": 0.1, "method.options": {"clip_high": 0.5}}
    write_run(tmp_path, result_of("grpo", 0, solving(5)))
    write_run(tmp_path, result_of("gspo", 0, solving(5), settings=settings))
    assert [row.method for row in only_table(tmp_path).rows] == ["grpo", "gspo"]


def test_shipped_starts_share_no_table_with_others(tmp_path: Path) -> None:
    sets = {"cloned": None, "shipped": "e" * 64, "other-set": "f" * 64}
    for name, start_set in sets.items():
        write_run(tmp_path / name, result_of("grpo", 0, solving(5), start_set=start_set))
    tables = build_tables(find_runs(tmp_path)[0])
    assert [len(table.runs) for table in tables] == [1, 1, 1]
    said = [render(table, "") for table in tables]
    assert "- start policy 555555555555: success" in said[0]
    assert "- start policies of the shipped set eeeeeeeeeeee: 555555555555: success" in said[1]


def test_starts_and_what_they_solved_stand_in_the_order_of_seeds(tmp_path: Path) -> None:
    for seed, (start, solved) in enumerate({"6": 0.312, "5": 0.027, "4": 0.121}.items()):
        metrics = {"validation/success": (solved, *[None] * STEPS)}
        result = result_of(
            "grpo", seed, solving(5), start=start * 64, start_set="e" * 64,
            training={"metrics": metrics},
        )  # fmt: skip
        write_run(tmp_path, result)
    said = render(only_table(tmp_path), "")
    hashes = "666666666666, 555555555555, 444444444444"
    assert f"{hashes}: success 31.2%, 2.7%, 12.1% (validation)" in said


def test_two_results_of_one_seed_are_an_error(tmp_path: Path) -> None:
    for copy in ("a", "b"):
        write_run(tmp_path / copy, result_of("grpo", 0, solving(5)))
    with pytest.raises(ArenaError, match="two results of grpo seed 0"):
        build_tables(find_runs(tmp_path)[0])


def test_a_control_stands_below_the_methods_and_in_no_family(tmp_path: Path) -> None:
    for name, base in (("grpo", 4), ("sampo", 7), ("grpo_x2", 5)):
        for seed in range(6):
            cost = CostRecord(reply_tokens=2000 if name == "grpo_x2" else 1000)
            method = "grpo" if name == "grpo_x2" else name
            result = result_of(method, seed, solving(base + seed % 2), cost=cost)
            recipe = recipe_of("nano", "sokoban", 10).for_run(name, seed)
            write_run(tmp_path, result.model_copy(update={"recipe": recipe}))
    table = only_table(tmp_path)
    assert [(row.method, row.kind) for row in table.rows] == [
        ("grpo", "method"), ("sampo", "method"), ("grpo_x2", "control"),
    ]  # fmt: skip
    _, sampo, control = table.rows
    assert control.rank is None
    assert control.cost is not None
    assert control.cost.reply_tokens == 2000
    assert sampo.contrast is not None
    assert sampo.contrast.panel is not None
    assert sampo.contrast.p == pytest.approx(sampo.contrast.panel.p)  # a family of one
    assert control.contrast is not None
    assert control.contrast.p is None
    assert control.contrast.panel is not None
    text = render(table, "")
    assert "- grpo_x2: a control, no method: grpo with 2 × groups; not ranked" in text
    assert "adjusted for a family of 1:" in text
    (line,) = (line for line in text.splitlines() if line.startswith("| grpo_x2"))
    assert "| control |" in " ".join(line.split())
    assert bench_command(table).endswith("--method grpo,sampo,grpo_x2 --seeds 6")


def test_runs_of_two_controls_are_no_row(tmp_path: Path) -> None:
    recipe = recipe_of("nano", "sokoban", 10)
    for seed, factor in enumerate((2, 3)):
        times = recipe.with_values({"controls.grpo_x2.times": {"groups": factor}})
        changed = {"recipe": times.for_run("grpo_x2", seed)}
        write_run(tmp_path, result_of("grpo", seed, solving(5)).model_copy(update=changed))
    with pytest.raises(ArenaError, match="share no table: they are of one name, but controls"):
        build_tables(find_runs(tmp_path)[0])


def test_what_failed_is_in_the_table_of_its_settings(failed: Path) -> None:
    runs, missing = find_runs(failed)[0], find_failed(failed)[0]
    (table,) = build_tables(runs, missing)
    assert [run.record.name for run in table.failed] == [
        "gspo seed 0", "gspo seed 1", "sampo seed 2",
    ]  # fmt: skip
    assert [row.method for row in table.rows] == ["grpo", "sampo"]
    (line,) = without_table([table], missing)
    assert line.startswith("gspo seed 0 failed: killed by SIGKILL (")
    assert "nano-stress" in line
    data = table.to_json("")["failed"][0]
    assert (data["method"], data["seed"], data["reason"]) == ("gspo", 0, "killed by SIGKILL")


def test_what_finished_after_all_did_not_fail(failed: Path) -> None:
    write_run(failed, result_of("sampo", 2, solving(7)))  # in another folder
    write_run(failed / "nano", result_of("gspo", 1, solving(7)))
    (table,) = build_tables(find_runs(failed)[0], find_failed(failed)[0])
    assert [run.record.name for run in table.failed] == ["gspo seed 0"]


def test_a_damaged_record_of_a_failure_is_one_line(failed: Path) -> None:
    path = failed / "nano" / "gspo" / "seed-0" / "failed.json"
    path.write_text("{")
    found, (problem,) = find_failed(failed)
    assert len(found) == 3
    assert problem.startswith(f"{path} is no record of a failure: ")


def test_a_table_says_by_which_rules_values_were_chosen(tmp_path: Path) -> None:
    for method, rules in (("grpo", None), ("gspo", "no-tuning")):
        write_run(tmp_path, result_of(method, 0, solving(5), ruleset=rules))
    table = only_table(tmp_path)
    assert [row.ruleset for row in table.rows] == ["no-tuning", "no-tuning"]
    assert "- ruleset no-tuning: each method has the preset's values" in render(table, "")
    assert "RULESETS" not in render(table, "")
    write_run(tmp_path, result_of("sampo", 0, solving(5), settings={"train.learning_rate": 0.1}))
    table = only_table(tmp_path)
    mark = "RULESETS DIFFER between methods: no-tuning: grpo, gspo; own: sampo"
    assert mark in render(table, "")
    assert mark in render(table, "", "csv")


def test_seeds_of_one_method_with_other_values_are_no_row(tmp_path: Path) -> None:
    for seed, rate in enumerate((1e-3, 2e-3)):
        settings = {"train.learning_rate": rate}
        write_run(tmp_path, result_of("gspo", seed, solving(5), settings=settings))
    with pytest.raises(
        ArenaError, match=r"they are of one name, but train\.learning_rate is 0.001"
    ):
        build_tables(find_runs(tmp_path)[0])
