import csv
import io
from pathlib import Path

import pytest
from runs import result_of, solving

from arlarena_bench.report.beside import Beside, SideBySide, side_by_side
from arlarena_bench.report.beside_text import beside_json, render_beside
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.reproduction import reproduction
from arlarena_bench.statistics import difference, mean_interval

HOUSE = {"ALFWorld": "alfworld_mini"}


def cell(*solved: int, method: str = "cispo") -> dict[int, FinishedRun]:
    """Runs of a cell, a seed each, that solve so many of 20 tasks from starts of their own."""
    found = {}
    for seed, number in enumerate(solved):
        start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
        outcomes = solving(number, of=20)
        result = result_of(method, seed, outcomes, environment="alfworld_mini", **start)
        found[seed] = FinishedRun(result, Path(f"{method}/seed-{seed}"))
    return found


def table4(**cells: dict[int, FinishedRun]) -> SideBySide:
    return side_by_side("table4", reproduction(), HOUSE, {"ALFWorld": cells}, {})


def row_of(found: SideBySide, name: str, column: str) -> Beside:
    return next(row for row in found.rows if (row.row, row.column) == (name, column))


def test_paper_and_ours_stand_side_by_side_with_both_differences() -> None:
    found = table4(cispo=cell(4, 5, 3), cispo_sm=cell(12, 14, 13, method="cispo_sm"))
    row = row_of(found, "CISPO, sequence mask", "Success")
    ours, theirs = [60.0, 70.0, 65.0], [20.0, 25.0, 15.0]
    assert (row.paper, row.ours, row.seeds) == (78.88, 65.0, 3)
    assert row.interval == pytest.approx(mean_interval(ours))
    assert row.paper_change == pytest.approx(78.88 - 54.42)
    assert row.our_change == pytest.approx(45.0)
    assert row.tested == difference(ours, theirs, paired=True)
    assert row.sign == "agrees"
    # The return is weighted by turns, as the paper's Score: 12 of 20 in 4 turns, 8 in 12, …
    score = row_of(found, "CISPO, sequence mask", "Score")
    first = (12 * 4 * 10.6 - 8 * 12 * 1.2) / (12 * 4 + 8 * 12)
    assert found.runs[3].result.main.summary.reward_turn_weighted == pytest.approx(first)
    assert score.ours == pytest.approx(
        sum(run.result.main.summary.reward_turn_weighted for run in found.runs[3:]) / 3
    )


def test_runs_are_compared_over_the_starts_that_both_have() -> None:
    many, few = cell(4, 5, 3, 19), cell(12, 14, 13, method="cispo_sm")
    row = row_of(table4(cispo=many, cispo_sm=few), "CISPO, sequence mask", "Success")
    assert row.our_change == pytest.approx(45.0), "the fourth start has no partner"
    assert row.tested == difference([60.0, 70.0, 65.0], [20.0, 25.0, 15.0], paired=True)
    found = table4(cispo=many, cispo_sm=few)
    text = render_beside(found, "simple", "arlarena reproduce table4", [])
    assert row_of(found, "CISPO", "Success").seeds == 4
    assert "paired over the 3 starts that both have" in text


def test_two_starts_in_common_are_too_few_for_pairs() -> None:
    ours = {seed + 2: run for seed, run in cell(12, 14, 13, method="cispo_sm").items()}
    row = row_of(table4(cispo=cell(4, 5, 3, 4), cispo_sm=ours), "CISPO, sequence mask", "Success")
    assert row.pairs is None
    assert row.our_change == pytest.approx(45.0), "of all runs"


def test_signs_differ_agree_or_stay_open() -> None:
    found = table4(
        cispo=cell(12, 13, 12),
        cispo_sm=cell(3, 4, 4, method="cispo_sm"),
        cispo_kl=cell(11, 14, 11),
        cispo_minibatch=cell(9, 9),
    )
    signs = {row.row: row.sign for row in found.rows if row.column == "Success"}
    assert signs["CISPO, sequence mask"] == "differs"
    assert signs["CISPO, KL 0.05"] == "open"
    assert signs["CISPO, larger minibatch"] == "open", "two seeds have no interval"
    assert signs["CISPO"] is None
    assert signs["SAPO, sequence mask"] is None


def test_changes_that_the_paper_prints_alone_are_compared() -> None:
    cells = {"cloned": cell(9, 9, 8, method="grpo"), "bare": cell(1, 1, 2, method="grpo")}
    found = side_by_side("table2", reproduction(), HOUSE, {"ALFWorld": cells}, {})
    row = row_of(found, "GRPO + behaviour cloning", "Success")
    assert (row.paper, row.paper_change) == (None, 20.71)
    assert (row.sign, row.against) == ("agrees", "GRPO without cloning, penalty, KL")
    text = render_beside(found, "github", "arlarena reproduce table2", [])
    assert "+3.36†" in text
    assert "† GSPO ε: e-2 to e-3, Success; GSPO ε: e-2 to e-3, Score" in text


def test_rows_that_nobody_can_run_here_stand_with_the_papers_numbers() -> None:
    environments = {"ALFWorld": "alfworld_mini", "WebShop": "webshop_mini"}
    runs = {"ALFWorld": {"grpo": cell(9, 8, 7, method="grpo")}, "WebShop": {}}
    found = side_by_side("tableS3", reproduction(), environments, runs, {})
    closed = row_of(found, "GPT-4o", "Pick")
    assert (closed.paper, closed.ours, closed.seeds) == (61.11, None, 0)
    assert row_of(found, "GRPO", "Pick").ours is None, "these episodes have no type"
    assert row_of(found, "GRPO", "All").ours == pytest.approx(40.0)
    text = render_beside(found, "simple", "arlarena reproduce tableS3", [])
    assert "72.61†" in text
    assert "closed models" in text
    assert text.splitlines()[0].startswith("environment")


def test_types_of_task_are_measured_by_type() -> None:
    runs = cell(9, 8, 7, method="grpo")
    for seed, run in runs.items():
        score = run.result.main
        types = {"pick": 0.25 * (seed + 1), "look": 0.5}
        summary = score.summary.model_copy(update={"success_by_category": types})
        scores = {"sampled": score.model_copy(update={"summary": summary})}
        runs[seed] = FinishedRun(run.result.model_copy(update={"scores": scores}), run.source)
    found = side_by_side("tableS3", reproduction(), HOUSE, {"ALFWorld": {"grpo": runs}}, {})
    assert row_of(found, "GRPO", "Pick").ours == pytest.approx(50.0)
    assert row_of(found, "GRPO", "Look").ours == pytest.approx(50.0)
    assert row_of(found, "GRPO", "Heat").ours is None


def test_another_environment_stands_beside_the_papers_first() -> None:
    found = side_by_side("table4", reproduction(), {"Sokoban": "sokoban"}, {"Sokoban": {}}, {})
    assert found.whose == {"sokoban": "ALFWorld"}
    text = render_beside(found, "simple", "arlarena reproduce table4 --env sokoban", [])
    assert "- sokoban stands beside the paper's ALFWorld" in text


def test_every_format_keeps_what_must_not_be_lost() -> None:
    found = table4(cispo=cell(4, 5, 3))
    missing = ["table4, alfworld_mini: 0 of 6 seeds of SAPO"]
    text = render_beside(found, "csv", "arlarena reproduce table4", missing)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (rows[0]["paper"], rows[0]["ours"], rows[0]["seeds"]) == ("54.42†", "20.00", "3")
    assert "54.12" in rows[0]["note"]
    assert missing[0] in rows[0]["note"]
    latex = render_beside(found, "latex_booktabs", "arlarena reproduce table4", missing)
    assert "\\toprule" in latex
    assert f"% - {missing[0]}" in latex
    data = beside_json(found, "arlarena reproduce table4", missing)
    assert data["rows"][0]["paper"] == 54.42
    assert data["paper"]["place"] == "Table 4"
    assert data["missing"] == missing
