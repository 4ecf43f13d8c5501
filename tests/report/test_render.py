import csv
import io
from pathlib import Path

import pytest
from runs import panel_of, result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import CostRecord, Provenance
from arlarena_bench.report.finding import find_failed, find_runs
from arlarena_bench.report.overview import render_overview
from arlarena_bench.report.render import bench_command, bench_line, render
from arlarena_bench.report.table import Table, build_tables


@pytest.fixture
def table(bench: Path) -> Table:
    (built,) = build_tables(find_runs(bench)[0])
    return built


def test_cells_as_people_read_them(table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(render(table, "make", "csv"))))
    assert [row["method"] for row in rows] == ["grpo", "sampo"]
    grpo, sampo = rows
    assert grpo["success %"] == "50.0"
    assert grpo["95 % interval"] == "[25.2, 74.8]"
    assert grpo["worst seed %"] == "40.0"
    assert grpo["collapse rate %"] == "[0.0, 70.8]"
    assert grpo["rank"] == "unranked"
    assert grpo["Δ GRPO"] == "–"
    assert grpo["collapsed"] == "0/3"
    assert sampo["95 % interval"] == sampo["p (Holm)"] == sampo["Δ, tasks like these"] == "–"
    assert sampo["Δ GRPO"] == "+20.0"
    assert sampo["collapsed"] == "1/2, step 17: valid_format"
    assert sampo["score"] == "7.06"
    assert sampo["CPU min"] == "0.8"
    assert sampo["seeds"] == "2"


def test_below_the_table_stands_where_it_came_from(table: Table) -> None:
    text = render(table, "arlarena bench --seeds 3")
    for fact in (
        "arlarena/Sokoban-v0",
        "preset nano",
        f"sokoban-6x6-1box-3to9moves/test: 10 tasks, SHA-256 {panel_of('sokoban').digest[:12]}",
        "start policy 555555555555: success 17.0%",
        "commit unknown",
        "`arlarena bench --seeds 3`",
    ):
        assert fact in text
    assert "WARNING" not in text


def test_other_start_policies_share_no_table(bench: Path) -> None:
    write_run(bench, result_of("gspo", 0, solving(5), start="6" * 64))
    tables = build_tables(find_runs(bench)[0])
    assert [[row.method for row in table.rows] for table in tables] == [["grpo", "sampo"], ["gspo"]]
    text = render_overview(tables)
    (line,) = (line for line in text.splitlines() if line.startswith("Not joined"))
    assert line == (
        f"Not joined with the table above: start policies is {'5' * 40}… in grpo seed 0 and "
        f"{'6' * 40}… in gspo seed 0."
    )


def test_differences_are_paired_where_seeds_share_their_starts(tmp_path: Path) -> None:
    for method in ("grpo", "gspo"):
        for seed in range(3):
            start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
            write_run(tmp_path, result_of(method, seed, solving(seed + 2), **start))
    (table,) = build_tables(find_runs(tmp_path)[0])
    assert "95 % paired t interval" in render(table, "make")


def test_a_lone_seed_has_no_interval(tmp_path: Path) -> None:
    write_run(tmp_path, result_of("grpo", 0, solving(5), cost=CostRecord()))
    (table,) = build_tables(find_runs(tmp_path)[0])
    (row,) = csv.DictReader(io.StringIO(render(table, "make", "csv")))
    assert row["95 % interval"] == "–"
    assert "CPU min" not in row  # nothing to say


@pytest.mark.parametrize("form", ["github", "simple", "latex", "html", "tsv", "csv"])
def test_every_format_has_every_row(table: Table, form: str) -> None:
    text = render(table, "make", form)
    assert "grpo" in text
    assert "sampo" in text


def test_three_seeds_have_intervals_and_p(bench: Path) -> None:
    for seed, solved in enumerate((9, 9, 10)):
        write_run(bench, result_of("gspo", seed, solving(solved)))
    (built,) = build_tables(find_runs(bench)[0])
    gspo = next(
        row
        for row in csv.DictReader(io.StringIO(render(built, "make", "csv")))
        if row["method"] == "gspo"
    )
    # Standard error √(0.00333 / 3 + 0.01 / 3) = 0.0667, t(3.2) = 3.075.
    assert gspo["Δ GRPO"] == "+43.3 [+22.8, +63.8]"
    assert gspo["p (Holm)"] == "0.100"
    text = render(built, "make")
    assert "for this panel, new seeds and starts" in text
    assert "for tasks like these, new seeds and starts" in text
    assert "by exact permutation of labels, adjusted for a family of 1" in text


def test_the_fall_below_the_start_is_shown_where_the_start_was_played(
    bench: Path, table: Table
) -> None:
    assert "ended below start" not in render(table, "make", "csv")
    write_run(bench, result_of("start", 0, solving(10), kind="start"))
    write_run(bench, result_of("gspo", 0, solving(2)))
    (built,) = build_tables(find_runs(bench)[0])
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(render(built, "", "csv")))}
    assert rows["gspo"]["ended below start"] == "1/1"
    assert rows["start"]["ended below start"] == "–"


def test_columns_can_be_chosen(table: Table) -> None:
    assert render(table, "make", "csv", ["seeds", "method"]).splitlines()[:2] == [
        "seeds,method",
        "3,grpo",
    ]
    with pytest.raises(ArenaError, match="did you mean 'success %'"):
        render(table, "make", "csv", ["succes %"])


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Ten seeds of three methods, of which the best two are not separated, and one of a fourth."""
    folder = tmp_path_factory.mktemp("ranked")
    for method, solved in (("grpo", 2), ("gspo", 8), ("sampo", 8)):
        for seed in range(10):
            start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
            write_run(folder, result_of(method, seed, solving(solved + seed % 2), **start))
    write_run(folder, result_of("empg", 0, solving(10), start="0" * 64, start_set="a" * 64))
    (table,) = build_tables(find_runs(folder)[0])
    return table


@pytest.mark.parametrize(
    ("form", "begin", "end"),
    [("github", "**", "**"), ("pipe", "**", "**"), ("latex_booktabs", r"\textbf{", "}")],
)
def test_the_best_and_what_is_tied_with_it_is_bold(
    ranked: Table, form: str, begin: str, end: str
) -> None:
    text = render(ranked, "make", form, ["method", "rank", "success %"])
    lines = {line.replace("|", " ").split()[0]: line for line in text.splitlines() if line}
    best = {row.method for row in ranked.rows if row.best}
    assert best == {"gspo", "sampo"}
    for method in ("gspo", "sampo"):
        assert f"{begin}85.0{end}" in lines[method]
    for method in ("grpo", "empg"):
        assert begin not in lines[method]
    assert "bold: the highest success of a ranked method, and what is not separated" in text


def test_without_ranks_nothing_is_bold_and_the_table_says_so(table: Table, ranked: Table) -> None:
    text = render(table, "make", "github")
    assert "**" not in text
    assert "- nothing is bold: no two methods are ranked" in text.splitlines()
    assert "bold" not in render(ranked, "make", "simple") + render(ranked, "make", "csv")
    told = {row["method"]: row["best"] for row in ranked.to_json("make")["rows"]}
    assert told == {"grpo": False, "gspo": True, "empg": False, "sampo": True}


def test_latex_can_set_what_it_gets(ranked: Table) -> None:
    text = render(ranked, "make", "latex_booktabs", ["95 % interval", "Δ GRPO", "success %"])
    table = text.partition("\n\n")[0]
    assert table.isascii()
    assert r"$\Delta$ GRPO" in table
    assert r"\textbf{85.0}" in table
    rows = [line.strip() for line in table.splitlines() if "&" in line]
    assert rows[1].startswith("{}[")
    assert r"95 \% interval" in rows[0]


def test_an_unknown_format_suggests_the_nearest(table: Table) -> None:
    with pytest.raises(ArenaError, match="did you mean 'latex'"):
        render(table, "make", "latx")


def test_the_command_is_rebuilt_from_the_results(bench: Path) -> None:
    write_run(bench, result_of("mine", 0, solving(5), source="f" * 64))
    (table,) = build_tables(find_runs(bench)[0])
    assert bench_command(table) == (
        "arlarena bench --preset nano --env sokoban --method grpo,sampo,mine.py --seeds 3"
    )


def test_a_command_names_what_was_replaced() -> None:
    line = bench_line("nano", "sokoban", ["grpo"], 1, ["train.groups=4"])
    assert line.endswith("--seeds 1 --set train.groups=4")


def test_results_under_different_conditions_share_no_table(tmp_path: Path) -> None:
    for seed, tagger in enumerate(["words", "spacy", "words"]):
        extra = {"conditions": {"tagger": tagger}}
        write_run(tmp_path, result_of("grpo", seed, solving(5), **extra))
    spacy, words = build_tables(find_runs(tmp_path)[0])
    assert [len(words.runs), len(spacy.runs)] == [2, 1]
    assert "- conditions: tagger words\n" in render(words, "") + "\n"
    assert spacy.why_not_joined(words) == (
        "condition tagger is spacy in grpo seed 1 and words in grpo seed 0"
    )


def test_a_result_that_the_leaderboard_refuses_says_so(tmp_path: Path) -> None:
    reason = "the sandbox isolates nothing"
    write_run(tmp_path, result_of("grpo", 0, solving(5), incomparable=reason))
    write_run(tmp_path, result_of("grpo", 1, solving(5)))
    fit, unfit = build_tables(find_runs(tmp_path)[0])
    assert "LEADERBOARD" not in render(fit, "")
    assert f"- NOT FOR THE LEADERBOARD: {reason}" in render(unfit, "").splitlines()


def test_a_method_that_failed_stays_visible_in_every_format(failed: Path) -> None:
    (table,) = build_tables(find_runs(failed)[0], find_failed(failed)[0])
    rows = list(csv.DictReader(io.StringIO(render(table, "", "csv"))))
    assert [(row["method"], row["failed"]) for row in rows] == [
        ("grpo", "0/3"), ("sampo", "1/3"), ("gspo", "2/2"),
    ]  # fmt: skip
    assert rows[2]["success %"] == "failed: killed by SIGKILL"
    said = "gspo seed 1 failed and is not in these numbers: killed by SIGKILL"
    assert all(said in row["note"] for row in rows)
    assert said in render(table, "", "tsv")
    assert f"\n% - {said}\n" in render(table, "", "latex") + "\n"
    assert f"\n- {said}\n" in render(table, "", "github") + "\n"
    few = render(table, "", "github", ["method", "rank"])
    assert "| gspo     | failed: killed by SIGKILL |" in few


def test_what_a_table_is_not_good_for_is_said_in_every_format(tmp_path: Path) -> None:
    write_run(tmp_path, result_of("grpo", 0, solving(5), incomparable="a --> b"))
    (table,) = build_tables(find_runs(tmp_path)[0])
    mark = "NOT FOR THE LEADERBOARD: a --> b"
    (row,) = csv.DictReader(io.StringIO(render(table, "make", "csv", ["success %"])))
    assert row == {"success %": "50.0", "note": mark}
    assert f"% - {mark}" in render(table, "make", "latex").splitlines()
    comment = render(table, "make", "html").partition("<!--")[2]
    assert "NOT FOR THE LEADERBOARD: a -- > b" in comment
    assert comment.count("-->") == 1


def test_a_good_table_is_data_and_nothing_else(table: Table) -> None:
    assert "note" not in render(table, "make", "csv").splitlines()[0]


def test_the_command_of_a_table_names_what_its_runs_replaced(tmp_path: Path) -> None:
    for seed, more in enumerate(("", " --set a=1")):
        command = "arlarena train --preset mine.yaml --env sokoban --method grpo"
        command += f" --seed {seed} --set train.groups=4 --set 'x=a b'{more}"
        made = Provenance(version="0.1.0", command=command)
        write_run(tmp_path, result_of("grpo", seed, solving(5), provenance=made))
    (table,) = build_tables(find_runs(tmp_path)[0])
    assert bench_command(table) == (
        "arlarena bench --preset mine.yaml --env sokoban --method grpo --seeds 2 "
        "--set train.groups=4 --set 'x=a b'"
    )
